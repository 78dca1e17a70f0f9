package book;

import com.netflix.hystrix.HystrixCommand;
import com.netflix.hystrix.HystrixCommandGroupKey;
import com.netflix.hystrix.HystrixCommandProperties;
import com.netflix.hystrix.HystrixCommandProperties.ExecutionIsolationStrategy;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.LOCK_FREE;
import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.SYNCHRONIZED;
import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType.COUNT_BASED;
import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType.TIME_BASED;

/** What one call costs. All threads of a run share one breaker, and the call inside returns at once. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Calls {
  private volatile int answer = 42;

  private final Supplier<Integer> bare = () -> answer;
  private final Supplier<Integer> count = guarded(COUNT_BASED, SYNCHRONIZED);
  private final Supplier<Integer> countLockFree = guarded(COUNT_BASED, LOCK_FREE);
  private final Supplier<Integer> time = guarded(TIME_BASED, SYNCHRONIZED);
  private final Supplier<Integer> open = opened(true);
  private final Supplier<Integer> openWithoutStackTrace = opened(false);
  private final HystrixCommand.Setter semaphore = hystrix("semaphore", ExecutionIsolationStrategy.SEMAPHORE);
  private final HystrixCommand.Setter thread = hystrix("thread", ExecutionIsolationStrategy.THREAD);

  @Benchmark
  public Integer bareCall() {
    return bare.get();
  }

  @Benchmark
  public Integer resilience4jCount() {
    return count.get();
  }

  @Benchmark
  public Integer resilience4jCountLockFree() {
    return countLockFree.get();
  }

  @Benchmark
  public Integer resilience4jTime() {
    return time.get();
  }

  @Benchmark
  public Object resilience4jOpen() {
    return rejected(open);
  }

  @Benchmark
  public Object resilience4jOpenWithoutStackTrace() {
    return rejected(openWithoutStackTrace);
  }

  @Benchmark
  public Integer hystrixSemaphore() {
    return new Command(semaphore).execute();
  }

  @Benchmark
  public Integer hystrixThread() {
    return new Command(thread).execute();
  }

  /** A closed breaker with the library's defaults: a window of 100 calls (or 100 seconds), every call recorded. */
  private Supplier<Integer> guarded(
      CircuitBreakerConfig.SlidingWindowType type, CircuitBreakerConfig.SlidingWindowSynchronizationStrategy strategy) {
    var config = CircuitBreakerConfig.custom().slidingWindow(100, 100, type, strategy).build();
    return CircuitBreaker.decorateSupplier(CircuitBreaker.of("payments", config), bare);
  }

  /** An open breaker. By default its exception carries a stack trace; the documentation offers to leave it out. */
  private Supplier<Integer> opened(boolean stackTrace) {
    var config = CircuitBreakerConfig.custom().writableStackTraceEnabled(stackTrace).build();
    var breaker = CircuitBreaker.of("payments", config);
    breaker.transitionToForcedOpenState();
    return CircuitBreaker.decorateSupplier(breaker, bare);
  }

  private static Object rejected(Supplier<Integer> call) {
    try {
      return call.get();
    } catch (CallNotPermittedException rejection) {
      return rejection;
    }
  }

  /** Hystrix with its defaults; only the isolation differs. */
  private static HystrixCommand.Setter hystrix(String name, ExecutionIsolationStrategy isolation) {
    return HystrixCommand.Setter.withGroupKey(HystrixCommandGroupKey.Factory.asKey(name))
        .andCommandPropertiesDefaults(HystrixCommandProperties.Setter().withExecutionIsolationStrategy(isolation));
  }

  /** Hystrix wants one object a call. */
  private final class Command extends HystrixCommand<Integer> {
    Command(Setter setter) {
      super(setter);
    }

    @Override
    protected Integer run() {
      return answer;
    }
  }
}
