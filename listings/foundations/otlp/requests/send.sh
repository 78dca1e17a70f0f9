#!/usr/bin/env bash
# One span, by hand. The receiver sets the variable; without it, the default.
curl --silent --show-error --fail-with-body --max-time 10 --write-out ' %{http_code}\n' \
  --header 'Content-Type: application/json' --data "@$(dirname "$0")/span.json" \
  "${OTEL_EXPORTER_OTLP_ENDPOINT:-http://localhost:4318}/v1/traces"
