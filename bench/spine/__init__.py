"""Our loop beside others on the same work: messages a second, latency, CPU, scaling."""
