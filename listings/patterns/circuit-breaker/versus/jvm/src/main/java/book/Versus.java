package book;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Measures the JVM peers. The rows go to standard output as JSON, everything else to standard error. */
public final class Versus {
  private static final Map<String, String> SUBJECTS =
      Map.of(
          "bareCall", "bare call",
          "resilience4jCount", "resilience4j, count window",
          "resilience4jCountLockFree", "resilience4j, count window, lock-free",
          "resilience4jTime", "resilience4j, time window",
          "resilience4jOpen", "resilience4j",
          "resilience4jOpenWithoutStackTrace", "resilience4j, no stack trace",
          "hystrixSemaphore", "Hystrix, semaphore",
          "hystrixThread", "Hystrix, thread");

  private Versus() {}

  public static void main(String[] arguments) throws IOException, RunnerException {
    var answer = System.out;
    System.setOut(System.err);
    var what = arguments.length == 0 ? "" : arguments[0];
    switch (what) {
      case "calls" -> print(answer, calls(1));
      case "memory" -> print(answer, Memory.measure());
      case "smoke" -> print(answer, calls(0));
      default -> {
        System.err.println("usage: versus calls | memory | smoke");
        System.exit(2);
      }
    }
  }

  /** One and two threads through a closed breaker, and one thread at an open one. */
  private static List<Row> calls(int seconds) throws RunnerException {
    var rows = new ArrayList<Row>();
    rows.addAll(run("closed call, 1 thread", "(?!.*Open).*", 1, seconds));
    rows.addAll(run("closed call, 2 threads, one breaker", "(?!.*Open).*", 2, seconds));
    rows.addAll(run("open reject, 1 thread", ".*Open.*", 1, seconds));
    return rows;
  }

  /** With {@code seconds} at zero everything runs once and briefly: enough to see that it runs, not to quote. */
  private static List<Row> run(String label, String include, int threads, int seconds) throws RunnerException {
    var time = seconds == 0 ? TimeValue.milliseconds(20) : TimeValue.seconds(seconds);
    var options =
        new OptionsBuilder()
            .include("\\.Calls\\." + include)
            .threads(threads)
            .forks(seconds == 0 ? 1 : 2)
            .warmupIterations(seconds == 0 ? 1 : 2)
            .measurementIterations(seconds == 0 ? 3 : 5)
            .warmupTime(time)
            .measurementTime(time)
            .shouldFailOnError(true)
            .build();
    return new Runner(options).run().stream().map(result -> row(label, result)).collect(Collectors.toList());
  }

  private static Row row(String label, RunResult result) {
    var subject = SUBJECTS.get(result.getPrimaryResult().getLabel());
    Result<?> score = result.getPrimaryResult();
    var interval = score.getStatistics().getConfidenceIntervalAt(0.95);
    return new Row(label, subject, score.getScore(), interval[0], interval[1]);
  }

  private static void print(PrintStream out, Collection<Row> rows) throws IOException {
    var versions = new Properties();
    try (var file = Versus.class.getResourceAsStream("/versions.properties")) {
      versions.load(file);
    }
    versions.setProperty("java", Runtime.version().toString());
    var lines = rows.stream().map(Row::json).collect(Collectors.joining(",\n  "));
    out.printf("{\"versions\":{%s},%n \"rows\":[%n  %s]}%n", pairs(versions), lines);
  }

  private static String pairs(Properties properties) {
    return properties.stringPropertyNames().stream()
        .sorted()
        .map(name -> String.format("\"%s\":\"%s\"", name, properties.getProperty(name)))
        .collect(Collectors.joining(","));
  }
}
