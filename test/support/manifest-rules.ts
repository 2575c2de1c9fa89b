/**
 * What only the reader of manifests and Meshfiles sees, because it lies between fields or inside of a text. Everything
 * else a JSON Schema can say, and the published ones say it.
 */
export const beyondSchemas: readonly [rule: RegExp, why: string][] = [
  [/ is \S* a second time$/, 'names and places in a list differ'],
  [/ which environment\.local sets already$/, 'a variable is local or global'],
  [/^requirements stands beside build\.requirements$/, 'one of two spellings'],
  [/^env\[\d+\] must have key and value$/, 'one of two spellings'],
  [/ stands beside import$/, 'a volume is defined here or there'],
  [/ has no meaning for a secret of kind /, 'which fields a secret has depends on its kind'],
  [/\.value (?:is empty|must be hex|must be PEM)/, 'which value a secret has depends on its kind'],
  [
    /^secrets\.global\[\d+\] lacks "(?:private_key|tenant_id|client_id|application_secret)"$/,
    'as do the fields it needs',
  ],
  [/ stands beside endpoint: client$/, 'which fields a certificate has depends on its endpoint'],
  [/ names (?:the|a) secret .* neither defines nor imports$/, 'a name is defined elsewhere'],
  [/ refers to the secret .* neither defines nor imports$/, 'a placeholder names a secret'],
  [/ names a secret of kind /, 'what is named has the right kind'],
  [/ leads back to the certificate itself$/, 'certificates form no circle'],
  [/^build\.command (?:has a quote that is not closed|names no program)$/, 'the words of a command'],
  [/^cas has no entry with the role "cas"$/, 'some entry has the role'],
  [/ has the role \S+, which an entry before has too$/, 'each role has one entry'],
  [/ is no key hash: its length or checksum is wrong$/, 'the checksum of a key hash'],
  [/^policy\.ignore_advisories has "\*" beside others$/, '"*" stands alone'],
  [/ names no service of this mesh$/, 'a name is defined elsewhere'],
  [/ which Kubernetes cannot tell from | which means something else in env$/, 'names of services differ'],
  [/ makes the session name \d+ characters long$/, 'the length of two fields together'],
];
