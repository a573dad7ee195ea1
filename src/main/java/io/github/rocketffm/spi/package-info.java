/** What jars with the native library provide. Applications need none of it. */
@NullMarked
package io.github.rocketffm.spi;

import org.jspecify.annotations.NullMarked;
