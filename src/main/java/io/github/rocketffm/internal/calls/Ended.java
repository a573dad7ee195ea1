package io.github.rocketffm.internal.calls;

/** The end of an asynchronous call, read from native memory, and not told yet. */
public interface Ended {
  /** A second time does nothing but go on with what a failure kept from being told. */
  void tell();
}
