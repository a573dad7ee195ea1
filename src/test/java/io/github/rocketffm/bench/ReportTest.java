package io.github.rocketffm.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the benchmark's table and its page tell of results that are known. */
@Tag("unit")
class ReportTest {
  private final Results results = new Results(new JsonObject(), Options.ALL);

  @BeforeEach
  void measure() {
    results.fact("cpu", "a <fast> one");
    results.fact("load_before", "3.50, 2.25, 1.00");
    results.fact("load_after", "4.75, 3.00, 1.25");
    results.metric("rate", "Rate", "msg/s", false);
    for (String contender : Options.ALL) {
      for (int round = 1; round <= 3; round++) {
        results.add("rate", contender, 1000.0 * round * (1 + Options.ALL.indexOf(contender)));
      }
    }
  }

  @Test
  void theLoadOfTheMachineIsTold() {
    assertThat(results.table(Options.ALL))
        .contains("a <fast> one")
        .contains("load average 3.50, 2.25, 1.00 before, 4.75, 3.00, 1.25 after");
    assertThat(HtmlReport.render(results.json()))
        .contains("<dt>CPU</dt><dd>a &lt;fast&gt; one</dd>")
        .contains("<dt>Load average before</dt><dd>3.50, 2.25, 1.00</dd>")
        .contains("<dt>Load average after</dt><dd>4.75, 3.00, 1.25</dd>");
  }

  @Test
  void theMachineIsKnown() throws IOException {
    assertThat(Benchmark.loadAverage()).matches("[0-9.]+, [0-9.]+, [0-9.]+");
    JsonObject host = Benchmark.host();
    assertThat(host.get("cores").getAsInt()).isPositive();
    assertThat(host.get("cpu").getAsString()).isNotEmpty();
  }

  @Test
  void aRatioIsToldFromItsLimit() {
    results.metric("part", "Part", "msg/s", false);
    results.add("part", "c", 148.3);
    results.add("part", "raw", 1000);
    results.ratioGoal("C to raw probe", "part", "c", "raw", ">=", 0.15);
    results.ratioGoal("Java to raw probe", "part", "java", "raw", ">=", 0.1);
    assertThat(results.table(Options.ALL).lines())
        .anyMatch(line -> line.matches("NOT MET +C to raw probe +0.1483 +\\(goal >= 0.15 ×\\)"))
        .anyMatch(line -> line.matches("not run +Java to raw probe +– .*"));
  }

  /** Four names with the samples of their lines fit half a page only one above the other. */
  @Test
  void aTableOfGrowthHasAColumnForEachContender() {
    results.growth(
        "g",
        "Growth",
        "in flight",
        "msg/s",
        Map.of("4,096", Map.of("raw", 1.0, "c", 2.0, "java", 3.0, "apache", 4.0)));
    String page = HtmlReport.render(results.json());
    for (String label : List.of("Raw probe", "C API", "Java library", "Apache client")) {
      assertThat(page)
          .containsPattern("<th class='num'><svg class='swatch .*</svg>" + label + "</th>");
    }
    assertThat(page).contains("th.num .swatch{display:block");
  }
}
