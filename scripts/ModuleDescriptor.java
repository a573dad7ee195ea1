import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;

/**
 * Compiles module-info.java for Java 17, unless that was done: Maven's plugins read the descriptor in the Java that
 * runs Maven, which may be older than the one that compiles. Arguments: the source, the folder of the classes, the
 * module path.
 */
class ModuleDescriptor {
  private static final int RELEASE = 17;
  private static final int VERSION_OF_JAVA_1 = 44;

  public static void main(String[] arguments) throws IOException {
    String source = arguments[0];
    Path classes = Path.of(arguments[1]);
    if (release(classes.resolve("module-info.class")) <= RELEASE) {
      return;
    }
    int status =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                System.out,
                System.err,
                "--release",
                Integer.toString(RELEASE),
                "-proc:none",
                "--patch-module",
                name(source) + "=" + classes,
                "--module-path",
                arguments[2],
                "-d",
                classes.toString(),
                source);
    System.exit(status);
  }

  private static String name(String source) throws IOException {
    Matcher matcher = Pattern.compile("module ([\\w.]+) \\{").matcher(Files.readString(Path.of(source)));
    if (!matcher.find()) {
      throw new IllegalArgumentException(source + " declares no module");
    }
    return matcher.group(1);
  }

  private static int release(Path file) throws IOException {
    try (var in = new DataInputStream(Files.newInputStream(file))) {
      in.skipNBytes(6);
      return in.readUnsignedShort() - VERSION_OF_JAVA_1;
    }
  }
}
