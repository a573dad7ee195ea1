/*
 * javac for a runtime without one: runs the classes of another JDK's compiler, as lib\javac.options beside this
 * program's folder tells java.exe, with this program's own arguments.
 */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

enum { LONGEST_COMMAND = 32768 };

/* What follows the program's name, as it is quoted. */
static const wchar_t* own_arguments(void) {
  const wchar_t* at = GetCommandLineW();
  for (int quoted = 0; *at != 0 && (quoted || (*at != L' ' && *at != L'\t')); at++) {
    quoted ^= *at == L'"';
  }
  return at;
}

int main(void) {
  static wchar_t home[MAX_PATH];
  static wchar_t command[LONGEST_COMMAND];
  DWORD length = GetModuleFileNameW(NULL, home, MAX_PATH);
  if (length == 0 || length == MAX_PATH) {
    return 3;
  }
  /* Without the name, then without bin. */
  for (int i = 0; i < 2; i++) {
    wchar_t* last = wcsrchr(home, L'\\');
    if (last == NULL) {
      return 3;
    }
    *last = 0;
  }
  if (swprintf(command, LONGEST_COMMAND, L"\"%ls\\bin\\java.exe\" \"@%ls\\lib\\javac.options\"%ls", home, home,
               own_arguments()) < 0) {
    return 3;
  }
  /* Options for tests' programs, of which java.exe would tell. */
  SetEnvironmentVariableW(L"JDK_JAVA_OPTIONS", NULL);
  STARTUPINFOW startup = {.cb = sizeof startup};
  PROCESS_INFORMATION process;
  if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
    fprintf(stderr, "java.exe cannot be run: error %lu\n", GetLastError());
    return 3;
  }
  WaitForSingleObject(process.hProcess, INFINITE);
  DWORD code = 3;
  GetExitCodeProcess(process.hProcess, &code);
  return (int)code;
}
