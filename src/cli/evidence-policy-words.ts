import { SconeError } from '../core/errors.ts';

/** What `appraise` says to whoever has a session, and what it is to whoever has a policy file. */
const words: readonly (readonly [ofSession: string, ofPolicy: string])[] = [
  [
    'if this image was built on purpose, apply the mesh again so that the session lists its measurement',
    "if this is the program that you want, list its measurement in the policy's `attestation`",
  ],
  ["in the service's `attestation`", "in the policy's `attestation`"],
  ["to the session's", "to the policy's"],
  ['The session lists no enclave: nobody may start', 'The policy lists no enclave: nothing is accepted'],
  ['and the session asks for one', 'and the policy asks for one'],
  ['and the session does', 'and the policy does'],
];

/** A refusal by a session's terms, in the words of a policy file: there is no session, mesh or service to change. */
export function inWordsOfPolicy(error: SconeError): SconeError {
  const { code, message, expected, found, causes, hint, errors } = error;
  return new SconeError(code, said(message), {
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    causes: causes.map(said),
    ...(hint === undefined ? {} : { hint: said(hint) }),
    errors: errors.map(inWordsOfPolicy),
    cause: error,
  });
}

function said(text: string): string {
  return words.reduce((changed, [ofSession, ofPolicy]) => changed.replaceAll(ofSession, ofPolicy), text);
}
