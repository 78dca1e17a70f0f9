package book;

import com.netflix.hystrix.HystrixCommand;
import com.netflix.hystrix.HystrixCommandGroupKey;
import com.netflix.hystrix.HystrixCommandKey;
import com.netflix.hystrix.HystrixCommandProperties;
import com.netflix.hystrix.HystrixCommandProperties.ExecutionIsolationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What many breakers weigh, in KiB. Each is measured in a JVM of its own, with the JVM's default settings. */
final class Memory {
  /** The window of resilience4j's defaults; after as many calls nothing is left to allocate. */
  private static final int CALLS = 100;

  private Memory() {}

  /** In the child: makes so many breakers of that library; prints what heap and resident set grew by, in bytes. */
  public static void main(String[] arguments) throws IOException {
    var count = Integer.parseInt(arguments[1]);
    var heapBefore = heapAfterCollection();
    var residentBefore = residentSet();
    var breakers = arguments[0].equals("Hystrix") ? hystrix(count) : resilience4j(count);
    System.out.println((heapAfterCollection() - heapBefore) + " " + (residentSet() - residentBefore));
    java.lang.ref.Reference.reachabilityFence(breakers);
  }

  /** Ten thousand Hystrix commands take gigabytes, which a laptop may not have: it is measured with a tenth of that. */
  static List<Row> measure() throws IOException {
    var rows = new ArrayList<Row>();
    rows.addAll(rows("resilience4j", 10_000));
    rows.addAll(rows("resilience4j", 1_000));
    rows.addAll(rows("Hystrix", 1_000));
    return rows;
  }

  private static List<Row> rows(String library, int count) throws IOException {
    var label = String.format(Locale.ROOT, "%,d breakers", count);
    var bytes = child(library, count);
    return List.of(
        Row.exact(label, library + ", used heap", bytes[0] / 1024),
        Row.exact(label, library + ", resident set", bytes[1] / 1024));
  }

  private static double[] child(String library, int count) throws IOException {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var classes = System.getProperty("java.class.path");
    var process =
        new ProcessBuilder(java, "-cp", classes, Memory.class.getName(), library, String.valueOf(count))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var words = new String(process.getInputStream().readAllBytes()).trim().split(" ");
    if (words.length != 2) {
      throw new IOException("the measurement of " + library + " printed no numbers");
    }
    return new double[] {Double.parseDouble(words[0]), Double.parseDouble(words[1])};
  }

  private static Object resilience4j(int count) {
    var registry = CircuitBreakerRegistry.ofDefaults();
    for (var i = 0; i < count; i++) {
      var breaker = registry.circuitBreaker("upstream-" + i);
      for (var call = 0; call < CALLS; call++) {
        breaker.executeSupplier(() -> 42);
      }
    }
    return registry;
  }

  /** Hystrix keeps its breakers and their metrics in static maps, by command key. Semaphores: no thread pool each. */
  private static Object hystrix(int count) {
    for (var i = 0; i < count; i++) {
      var setter =
          HystrixCommand.Setter.withGroupKey(HystrixCommandGroupKey.Factory.asKey("upstreams"))
              .andCommandKey(HystrixCommandKey.Factory.asKey("upstream-" + i))
              .andCommandPropertiesDefaults(
                  HystrixCommandProperties.Setter().withExecutionIsolationStrategy(ExecutionIsolationStrategy.SEMAPHORE));
      new HystrixCommand<Integer>(setter) {
        @Override
        protected Integer run() {
          return 42;
        }
      }.execute();
    }
    return count;
  }

  private static long heapAfterCollection() {
    for (var i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long residentSet() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")))
              .findFirst()
              .orElseThrow()
          * 1024;
    }
  }
}
