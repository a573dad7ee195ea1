package io.github.rocketffm.internal.memory;

/** The texts that a consumer's messages share. */
public final class Hosts {
  public final LastText topics = new LastText();
  public final LastText born = new LastText();
  public final LastText store = new LastText();
}
