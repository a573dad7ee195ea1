package io.github.rocketffm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rocketffm.Message;
import io.github.rocketffm.NativeLibraryException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Collections;
import java.util.Enumeration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class ProviderTest {
  /** As a jar whose packing dropped META-INF/services. */
  private static final class WithoutServices extends URLClassLoader {
    WithoutServices(URL classes) {
      super(new URL[] {classes}, ClassLoader.getPlatformClassLoader());
    }

    @Override
    public Enumeration<URL> getResources(String name) {
      return Collections.emptyEnumeration();
    }
  }

  @Test
  void aProviderThatThePackingLostIsToldAsTheLibrarysOwnFailure() throws Exception {
    URL classes = Message.class.getProtectionDomain().getCodeSource().getLocation();
    try (WithoutServices loader = new WithoutServices(classes)) {
      Method builder = loader.loadClass(Message.class.getName()).getMethod("builder", String.class);
      Throwable failure = catchThrowable(() -> builder.invoke(null, "orders")).getCause();
      assertThat(failure.getClass().getName()).isEqualTo(NativeLibraryException.class.getName());
      assertThat(failure)
          .hasMessageContainingAll("META-INF/services", "ServicesResourceTransformer");
    }
  }
}
