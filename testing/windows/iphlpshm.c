/*
 * Stands before iphlpapi.dll for the runtime's net.dll: that of wine 8 lacks GetAnycastIpAddressTable, and a function
 * that is missing ends the virtual machine. Nothing here has anycast addresses, so that an empty table is the truth.
 */
/* Each needs the one before. */
/* clang-format off */
#include <winsock2.h>
#include <ws2ipdef.h>
#include <iphlpapi.h>
/* clang-format on */

/* As FreeMibTable of iphlpapi.dll frees it, it must come from the heap of the process. */
DWORD WINAPI empty_anycast_table(ADDRESS_FAMILY family, PMIB_ANYCASTIPADDRESS_TABLE* table) {
  (void)family;
  *table = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof **table);
  return *table == NULL ? ERROR_NOT_ENOUGH_MEMORY : NO_ERROR;
}
