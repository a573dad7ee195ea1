package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.testing.LoaderProgram;
import io.github.rocketffm.testing.MockCluster;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Servers load an application's classes again and again, and several applications side by side. */
@Tag("mock")
class ClassLoadersMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  /** With all classes of its own. */
  private static URLClassLoader loader() throws Exception {
    List<URL> urls = new ArrayList<>();
    for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
      urls.add(Path.of(each).toUri().toURL());
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  private int run(ClassLoader loader) throws Exception {
    Class<?> program = loader.loadClass(LoaderProgram.class.getName());
    assertThat(program).isNotSameAs(LoaderProgram.class);
    return (int) program.getMethod("run", String.class).invoke(null, cluster.nameServers());
  }

  @Test
  void severalLoadersShareTheLibrary() throws Exception {
    assertThat(LoaderProgram.run(cluster.nameServers())).isEqualTo(1);
    try (URLClassLoader first = loader();
        URLClassLoader second = loader()) {
      assertThat(run(first)).isEqualTo(1);
      assertThat(run(second)).isEqualTo(1);
      assertThat(run(first)).isEqualTo(1);
    }
  }

  private WeakReference<ClassLoader> usedAndClosed() throws Exception {
    try (URLClassLoader loader = loader()) {
      assertThat(run(loader)).isEqualTo(1);
      return new WeakReference<>(loader);
    }
  }

  @Test
  void aLoaderGoesOnceItsClientsAreClosed() throws Exception {
    WeakReference<ClassLoader> gone = usedAndClosed();
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () -> {
              System.gc();
              return gone.refersTo(null);
            });
    assertThat(usedAndClosed()).isNotNull();
  }
}
