"""What is predicted: classes, labels, numbers, texts; the task that the cells speak for."""
