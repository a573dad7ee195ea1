package io.github.rocketffm;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Which messages of a topic a consumer wants.
 *
 * @param sql92 whether the expression is SQL92 rather than tags
 * @param expression the expression, as the broker takes it
 */
public record FilterExpression(boolean sql92, String expression) {
  /** Checks for null. */
  public FilterExpression {
    Objects.requireNonNull(expression, "expression");
  }

  /**
   * All messages.
   *
   * @return the expression
   */
  public static FilterExpression all() {
    return new FilterExpression(false, "*");
  }

  /**
   * Messages with one of these tags.
   *
   * @param tags one or more, or several joined by "||", as Apache's clients take them; none of them empty
   * @return the expression
   * @throws InvalidArgumentException for no tag, an empty one, or one with a single '|'
   */
  public static FilterExpression tags(String... tags) {
    if (Objects.requireNonNull(tags, "tags").length == 0) {
      throw InvalidArgumentException.of("no tag is given: give one or more, or use all()");
    }
    List<String> single = new ArrayList<>();
    for (String joined : tags) {
      for (String tag : Objects.requireNonNull(joined, "tag").split("\\|\\|", -1)) {
        if (tag.isBlank() || tag.indexOf('|') >= 0) {
          throw InvalidArgumentException.of(
              "the tag \""
                  + tag
                  + "\" is blank or has '|': no message has such a tag (two of them, \"||\", join tags)");
        }
        single.add(tag.strip());
      }
    }
    return new FilterExpression(false, String.join(" || ", single));
  }

  /**
   * Messages whose properties fulfil an SQL92 condition. The brokers evaluate it, and must allow that
   * ({@code enablePropertyFilter}); what they refuse is told when subscribing or starting.
   *
   * @param condition such as {@code price > 10 AND region = 'eu'}; of comparisons, {@code BETWEEN}, {@code IN},
   *     {@code IS NULL}, {@code AND}, {@code OR}, {@code NOT}
   * @return the expression
   */
  public static FilterExpression sql(String condition) {
    return new FilterExpression(true, Objects.requireNonNull(condition, "condition"));
  }
}
