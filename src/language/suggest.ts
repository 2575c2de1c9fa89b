const mostKnown = 200;

/** Which of the known words was probably meant; nothing where none is near. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const wanted = fold(word);
  let best: string | undefined;
  // One letter is near to every other.
  let least = wanted.length < 2 ? 1 : Math.max(1, Math.floor(wanted.length / 3)) + 1;
  // Nobody has more in one place, and hostile files shall not take time.
  for (const candidate of known.slice(0, mostKnown)) {
    const steps = distance(wanted, fold(candidate));
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best ?? known.find((candidate) => wanted.length > 2 && fold(candidate).includes(wanted));
}

/** The hint for an unknown word: the one that was meant, or all that there are. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggest(word, known);
  if (meant !== undefined) return `did you mean "${meant}"?`;
  return `known here: ${known.slice(0, 50).join(', ')}${known.length > 50 ? ', …' : ''}`;
}

/** Case and the kind of dash are what people get wrong most. */
function fold(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replace(/[-_. ]/g, '');
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let steps = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        steps = Math.min(steps, (before[j - 2] ?? 0) + 1);
      }
      row.push(steps);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
