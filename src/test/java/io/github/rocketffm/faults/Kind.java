package io.github.rocketffm.faults;

/** The ways of sending and consuming that a fault must not harm: each has a topic and a group. */
enum Kind {
  PUSH,
  ORDERLY,
  SIMPLE,
  TRANSACTION;

  String topic() {
    return "faults-" + name().toLowerCase(java.util.Locale.ROOT);
  }

  String group() {
    return topic() + "-group";
  }
}
