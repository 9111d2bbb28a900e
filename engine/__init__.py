"""How one batch is processed: decode, read, remember, judge, settle. Knows neither Kafka nor files."""
