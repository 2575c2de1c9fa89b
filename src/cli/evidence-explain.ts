import { codes, type ErrorCode, SconeError } from '../core/errors.ts';
import { allowances } from '../evidence/allowance.ts';
import { type CheckName, checks } from '../evidence/refusal.ts';
import { isTcbStatus } from '../evidence/tcb-status.ts';
import { toleranceRules } from '../evidence/tolerance.ts';
import { didYouMean } from '../language/suggest.ts';
import type { Run } from './context.ts';
import { failedChecks, statuses } from './evidence-explanations.ts';

interface Explanation {
  name: string;
  kind: 'check' | 'code' | 'TCB status' | 'tolerance' | 'allowance';
  what: string;
  /** What to do about it, or what it takes to let it pass. */
  remedy: string;
  code?: ErrorCode;
  /** Where a specification demands it. */
  section?: string;
  /** Of a code: the checks that end with it. */
  checks?: string[];
}

/** `sconectl evidence explain`: what a refusal means and what to do. */
export const run: Run = async (_, { arguments: [word = ''] }) => {
  const found = explain(word);
  const { name, kind, what, remedy, code, section } = found;
  return {
    result: found,
    text: [
      `${kind} ${name}`,
      what,
      '',
      `what to do  ${remedy}`,
      ...(code === undefined ? [] : [`error code  ${code}`]),
      ...(section === undefined ? [] : [`demanded by ${section}`]),
      ...(found.checks === undefined || found.checks.length === 0
        ? []
        : ['', 'Checks that end with it:', ...found.checks.map((one) => `  ${one}`)]),
    ].join('\n'),
  };
};

/** Throws `E_USAGE` for a word that is none of ours. */
export function explain(word: string): Explanation {
  if (isCheck(word)) {
    const { code, section, allow } = checks[word];
    return { name: word, kind: 'check', what: failedChecks[word], remedy: allow, code, section };
  }
  if (isCode(word)) {
    return {
      name: word,
      kind: 'code',
      what: `${codes[word].charAt(0).toUpperCase()}${codes[word].slice(1)}.`,
      remedy: 'follow the hint of the error; each of its causes that begins with "check" can be explained by its name',
      checks: Object.entries(checks).flatMap(([name, { code }]) => (code === word ? [name] : [])),
    };
  }
  if (isTcbStatus(word)) {
    const { what, tolerate } = statuses[word];
    return {
      name: word,
      kind: 'TCB status',
      what,
      remedy: tolerate.length === 0 ? 'nothing' : `update the platform, or add \`tolerate: [${tolerate.join(', ')}]\``,
    };
  }
  const rule = Object.hasOwn(toleranceRules, word) ? toleranceRules[word] : undefined;
  if (rule !== undefined) {
    return {
      name: word,
      kind: 'tolerance',
      what: `As \`tolerate: [${word}]\` it allows ${rule.allows}.`,
      remedy: rule.advisories.length === 0 ? 'it covers no advisory' : `it covers ${rule.advisories.join(', ')}`,
    };
  }
  if (isAllowance(word)) {
    return {
      name: word,
      kind: 'allowance',
      what: `As \`allow: [${word}]\` of a policy it lets pass that ${allowances[word]}.`,
      remedy: 'give the part that is missing instead, where it can be had',
    };
  }
  const known = [
    ...Object.keys(checks),
    ...Object.keys(statuses),
    ...Object.keys(toleranceRules),
    ...Object.keys(codes),
  ];
  throw new SconeError('E_USAGE', `nothing here is called ${word.slice(0, 64)}`, {
    expected: 'an error code, the name of a check, a TCB status, or a word of `tolerate` or `allow`',
    hint: didYouMean(word, known),
  });
}

function isCheck(word: string): word is CheckName {
  return Object.hasOwn(checks, word);
}

function isCode(word: string): word is ErrorCode {
  return Object.hasOwn(codes, word);
}

function isAllowance(word: string): word is keyof typeof allowances {
  return Object.hasOwn(allowances, word);
}
