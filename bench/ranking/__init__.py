"""Who is best in a grid of one's own, and by how much: tuned on half of the seeds, judged on the other half."""
