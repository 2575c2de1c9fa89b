/** Says what is going on when a step takes longer than a second, and nothing when it does not. */
export async function slowly<Result>(
  progress: (text: string) => void,
  text: string,
  step: () => Promise<Result>,
): Promise<Result> {
  const timer = setTimeout(() => progress(text), 1000);
  try {
    return await step();
  } finally {
    clearTimeout(timer);
  }
}
