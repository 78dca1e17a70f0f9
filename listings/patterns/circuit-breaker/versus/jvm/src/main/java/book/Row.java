package book;

import java.util.Locale;

/** A row of a result: what was called, by whom, and the interval the measurement lies in. */
record Row(String label, String subject, double value, double low, double high) {
  static Row exact(String label, String subject, double value) {
    return new Row(label, subject, value, value, value);
  }

  String json() {
    return String.format(
        Locale.ROOT,
        "{\"case\":\"%s\",\"subject\":\"%s\",\"value\":%.2f,\"low\":%.2f,\"high\":%.2f}",
        label, subject, value, low, high);
  }
}
