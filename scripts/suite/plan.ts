import { type ToolName, toolNames } from '../../test/support/tools.ts';

/** Which tests one call of `npm test` runs. Paths are relative to the project. */
export interface Plan {
  /** Beside the sources: quick, without setup. */
  unit: string[];
  /** Below `test`: several rooms together, real tools, containers. */
  whole: string[];
  go: boolean;
  /** Test tools that the chosen files name; nothing else is downloaded. */
  tools: ToolName[];
  /** Some chosen file builds images: their packages are downloaded before. */
  images: boolean;
}

export interface TestFile {
  path: string;
  text: string;
}

/** Chooses tests by paths of files or folders; none means everything, `runtime` means the Go tests. */
export function planTests(files: readonly TestFile[], hasGo: boolean, chosen: readonly string[]): Plan {
  const wanted = chosen.map(normal);
  const picked = files.filter(({ path }) => wanted.length === 0 || wanted.some((folder) => below(path, folder)));
  // The tests of the scripts only talk about tools, and the support of tests only hands them out.
  const users = picked.filter(({ path }) => !below(path, 'scripts'));
  const paths = picked.map(({ path }) => path).sort();
  return {
    unit: paths.filter((path) => !below(path, 'test')),
    whole: paths.filter((path) => below(path, 'test')),
    go: hasGo && (wanted.length === 0 || wanted.includes('runtime')),
    tools: toolNames.filter((name) => users.some(({ text }) => asks(text, name))),
    images: users.some(({ text }) => /\b(?:freshHome|sharedCache)\b/.test(text)),
  };
}

/** Chosen paths that hold no test: a misspelt name must not be a success. */
export function unknownChoices(files: readonly TestFile[], hasGo: boolean, chosen: readonly string[]): string[] {
  return chosen
    .map(normal)
    .filter((folder) => !files.some(({ path }) => below(path, folder)) && !(hasGo && folder === 'runtime'));
}

/** Whether a test asks for a tool (`need(t, 'runc')`), or for each one in turn. */
function asks(text: string, name: ToolName): boolean {
  return text.includes(`need(t, '${name}')`) || text.includes('of toolNames');
}

function normal(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/+$/, '');
}

function below(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
