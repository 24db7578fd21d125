"""The stand-in for the Rails application: web, sidekiq, clockwork and kafka-consumer."""
