package io.github.rocketffm.internal;

/** The texts that a consumer's messages share. */
final class Hosts {
  final LastText topics = new LastText();
  final LastText born = new LastText();
  final LastText store = new LastText();
}
