"""What words say, as pure functions over a batch of texts. No Redis, no Kafka, no policy."""
