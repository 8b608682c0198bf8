"""Anomalies as people meet them: open alerts, what rules find in partitions, and what people say of alerts."""
