"""The journey of one batch: decode, read, remember, judge, settle. Knows neither Kafka nor files."""
