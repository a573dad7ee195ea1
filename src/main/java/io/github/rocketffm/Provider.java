package io.github.rocketffm;

import java.util.Iterator;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** The provider in use: found once, by the class loader of this class, whatever the thread's is. */
final class Provider {
  private static final @Nullable ClientProvider PROVIDER = find();

  private Provider() {}

  static ClientProvider get() {
    if (PROVIDER == null) {
      throw RocketMqException.builder(
              ErrorKind.NATIVE_LIBRARY,
              "META-INF/services/"
                  + ClientProvider.class.getName()
                  + " is missing: whatever packed the classes anew must keep it (a fat jar's"
                  + " ServicesResourceTransformer, say)")
          .build();
    }
    return PROVIDER;
  }

  private static @Nullable ClientProvider find() {
    Iterator<ClientProvider> found =
        ServiceLoader.load(ClientProvider.class, ClientProvider.class.getClassLoader()).iterator();
    return found.hasNext() ? found.next() : null;
  }
}
