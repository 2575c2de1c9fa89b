/**
 * What a policy may let pass although it could not be checked, because a part of the collateral is not there. Without
 * it the absence is a refusal; with it the verdict says what was not checked.
 */
export const allowances = {
  'unchecked-revocation': 'no revocation list was given (SNP): revoked authorities are not found',
  'missing-collateral': 'no TCB Info, QE Identity and revocation lists were given (TDX): the TCB is unknown',
} as const;

export type Allowance = keyof typeof allowances;
