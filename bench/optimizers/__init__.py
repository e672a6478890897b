"""Which optimizer is best, and by how much: workloads, tuning on half of the seeds, judging on the other half."""
