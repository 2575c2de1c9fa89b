import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMistake, type Mistake, mesh, service, told } from '../../test/support/mistakes.ts';

const mistakes: Mistake[] = [
  {
    what: 'a key with a typing error',
    change: ['  command: python3', '  comand: python3'],
    told: `14:1 E_MANIFEST build lacks "command"
 14 | build:
    | ^
hint: write "command: <program and arguments>", such as python3 print_env.py
19:3 E_MANIFEST "comand" is no key of build
 19 |   comand: python3 print_env.py
    |   ^
hint: did you mean "command"?`,
  },
  {
    what: 'a key of another section',
    change: ['  pwd: /python\n', '  pwd: /python\n  size: 3\n'],
    told: `19:3 E_MANIFEST "size" is no key of build
 19 |   size: 3
    |   ^
hint: it is a key of secrets.global[]: indent it, or move it there`,
  },
  {
    what: 'a missing field',
    change: ['  to: registry.example.org/hello/python_hello_user:latest\n', ''],
    told: `14:1 E_MANIFEST build lacks "to"
 14 | build:
    | ^
hint: write "to: <name of the image to make>", such as registry.example.org/hello/python_hello_user:latest`,
  },
  {
    what: 'a field without a value',
    change: ['  name: python_hello_user\n', '  name:\n'],
    told: `15:8 E_MANIFEST build.name has no value
 15 |   name:
    |        ^
hint: write "name: <name of the service>", such as python_hello_user`,
  },
  {
    what: 'a text where a list belongs',
    change: ['  copy:\n    - print_env.py\n', '  copy: print_env.py\n'],
    told: `20:9 E_MANIFEST build.copy must be a list, and is a text
 20 |   copy: print_env.py
    |         ^
hint: write each entry on a line of its own, after "- "`,
  },
  {
    what: 'a map where a list belongs',
    change: ['    - name: password\n      kind: ascii\n      size: 10\n', '    name: password\n    kind: ascii\n'],
    told: `11:5 E_MANIFEST secrets.global must be a list, and is a map
 11 |     name: password
    |     ^
hint: write "- " in front of "name", its first key`,
  },
  {
    what: 'an old version of the language',
    change: ['scone/5.8', 'scone/5.7'],
    told: `1:13 E_MANIFEST apiVersion must be scone/ and a version of at least 5.8
 1 | apiVersion: scone/5.7
   |             ^
found: scone/5.7
hint: write "apiVersion: <version of the manifest language>", such as scone/5.8`,
  },
  {
    what: 'a kind with a typing error',
    change: ['kind: genservice', 'kind: gen-servise'],
    told: `2:7 E_MANIFEST kind must be genservice or mesh
 2 | kind: gen-servise
   |       ^
expected: genservice or mesh
found: gen-servise
hint: did you mean "genservice"?`,
  },
  {
    what: 'no kind at all',
    change: ['kind: genservice\n', ''],
    told: `1:1 E_MANIFEST the file lacks "kind"
 1 | apiVersion: scone/5.8
   | ^
hint: write "kind: genservice" for a service manifest or "kind: mesh" for a Meshfile`,
  },
  {
    what: 'an engine that does not exist',
    change: ['  kind: python\n', '  kind: pyton\n'],
    told: `16:9 E_MANIFEST build.kind must be one of python, java, java8, java15, java17, java21, java-glibc, java17-glibc, java17-bullseye, java21-ubuntu, sconify_image
 16 |   kind: pyton
    |         ^
expected: one of python, java, java8, java15, java17, java21, java-glibc, java17-glibc, java17-bullseye, java21-ubuntu, sconify_image
found: pyton
hint: did you mean "python"?`,
  },
  {
    what: 'an image name in capitals',
    change: ['hello/python_hello_user:latest', 'Hello/python:latest'],
    told: `17:7 E_MANIFEST build.to must be the name of an image: [host[:port]/]path[:tag], the path in lower case
 17 |   to: registry.example.org/Hello/python:latest
    |       ^
found: registry.example.org/Hello/python:latest
hint: write "to: <name of the image to make>", such as registry.example.org/hello/python_hello_user:latest`,
  },
  {
    what: 'a working directory that is not absolute',
    change: ['pwd: /python', 'pwd: python/'],
    told: `18:8 E_MANIFEST build.pwd must be an absolute path without "." and ".." parts
 18 |   pwd: python/
    |        ^
found: python/
hint: write "pwd: <working directory>", such as /python`,
  },
  {
    what: 'a file from outside of the folder',
    change: ['- print_env.py', '- ../print_env.py'],
    told: `21:7 E_MANIFEST build.copy[0] must be a path that stays in the folder of the manifest, without ".."
 21 |     - ../print_env.py
    |       ^
found: ../print_env.py
hint: write "- <file or folder, named from the folder of the manifest>", such as print_env.py`,
  },
  {
    what: 'a quote that is not closed in the command',
    change: ['command: python3 print_env.py', `command: python3 -c "print(1)`],
    told: `19:12 E_MANIFEST build.command has a quote that is not closed
 19 |   command: python3 -c "print(1)
    |            ^
found: python3 -c "print(1)
hint: close it with the same quote`,
  },
  {
    what: 'a placeholder with a typing error in its secret',
    change: ['$$SCONE::password$$', '$$SCONE::pasword$$'],
    told: `6:14 E_MANIFEST environment.local[0].value refers to the secret "pasword", which this manifest neither defines nor imports
 6 |       value: "$$SCONE::pasword$$"
   |              ^
hint: did you mean "password"?; secrets are defined in secrets.global and imported in secrets.import`,
  },
  {
    what: 'a placeholder that is not closed',
    change: ['$$SCONE::password$$', '$$SCONE::password'],
    told: `warning 6:7 E_NOT_YET $$SCONE::password, a placeholder that is not closed, is known, and not supported yet
 6 |       value: "$$SCONE::password"
   |       ^
hint: write $$SCONE::password$$, with two dollars at both ends`,
  },
  {
    what: 'a secret without a length that can be',
    change: ['size: 10', 'size: ten'],
    told: `13:13 E_MANIFEST secrets.global[0].size must be a number from 1 to 99999
 13 |       size: ten
    |             ^
found: ten
hint: write "size: <length in characters (ascii) or bytes (binary)>", such as 20`,
  },
  {
    what: 'a secret kind with a typing error',
    change: ['kind: ascii', 'kind: asci'],
    told: `12:13 E_MANIFEST secrets.global[0].kind must be one of ascii, binary, private-key, x509, x509-ca, aad-token
 12 |       kind: asci
    |             ^
expected: one of ascii, binary, private-key, x509, x509-ca, aad-token
found: asci
hint: did you mean "ascii"?`,
  },
  {
    what: 'a secret twice',
    change: ['      size: 10\n', '      size: 10\n    - {name: password, kind: binary}\n'],
    told: `14:14 E_MANIFEST secrets.global[1].name is password a second time
 14 |     - {name: password, kind: binary}
    |              ^
hint: secrets need names that differ over the whole mesh`,
  },
  {
    what: 'a field of another secret kind',
    change: ['      size: 10\n', '      key_type: P-256\n'],
    told: `13:17 E_MANIFEST secrets.global[0].key_type has no meaning for a secret of kind ascii
 13 |       key_type: P-256
    |                 ^
hint: remove it`,
  },
  {
    what: 'a binary value that is no hex, which is not shown',
    change: ['kind: ascii\n      size: 10', 'kind: binary\n      value: not-hex-but-secret'],
    told: `13:14 E_MANIFEST secrets.global[0].value must be hex, two digits for each byte
 13 |       value: …
    |              ^
hint: write the bytes in hex`,
  },
  {
    what: 'a variable with an equals sign',
    change: ['name: API_USER', 'name: API_USER=me'],
    told: `8:13 E_MANIFEST environment.global[0].name must be the name of a variable: not empty and without "="
 8 |     - name: API_USER=me
   |             ^
found: API_USER=me
hint: write "name: <name of the variable>", such as API_USER`,
  },
  {
    what: 'a variable that is local and global',
    change: ['name: API_USER', 'name: API_PASSWORD'],
    told: `8:13 E_MANIFEST environment.global[0].name is API_PASSWORD, which environment.local sets already
 8 |     - name: API_PASSWORD
   |             ^
hint: keep it in local (fixed here) or in global (set by the Meshfile), not in both`,
  },
  {
    what: 'a variable of the environment that is not set, at the dollar',
    change: ['registry.example.org/hello', '$REGISTRY/hello'],
    told: `17:7 E_VARIABLE the variable REGISTRY has no value
 17 |   to: $REGISTRY/hello/python_hello_user:latest
    |       ^
hint: set it in the environment (REGISTRY=… sconectl apply …), or write \\$REGISTRY where the text itself is meant`,
  },
  {
    what: 'a brace that is no variable',
    change: ['"$$SCONE::password$$"', '"a${1b}"'],
    told: `6:16 E_VARIABLE "\${1b}" is no variable
 6 |       value: "a\${1b}"
   |                ^
expected: \${NAME} of letters, digits and _
hint: write \\\${ where the text itself has these characters`,
  },
  {
    what: 'the same key twice',
    change: ['  pwd: /python\n', '  pwd: /python\n  pwd: /app\n'],
    told: `19:3 E_MANIFEST the key "pwd" stands here a second time
 19 |   pwd: /app
    |   ^
hint: remove one of the two`,
  },
  {
    what: 'indentation that is broken',
    change: ['  kind: python\n', ' kind: python\n'],
    told: `16:1 E_MANIFEST this line begins in another column than the keys beside it
 16 |  kind: python
    | ^
hint: let it begin below the key that it follows, or two blanks deeper than the key it belongs to`,
  },
  {
    what: 'an address with a scheme and a path',
    in: mesh,
    change: ['cas_url: localhost', 'cas_url: https://cas.example.org:8081/v1'],
    told: `6:14 E_MANIFEST cas[0].cas_url must be host or host:port
 6 |     cas_url: https://cas.example.org:8081/v1
   |              ^
found: https://cas.example.org:8081/v1
hint: leave out the scheme: cas.example.org:8081`,
  },
  {
    what: 'a tolerance flag with a typing error',
    in: mesh,
    change: ['-C -G -S', '-C --accept-group-outof-date'],
    told: `7:16 E_MANIFEST cas[0].tolerance is refused: "--accept-group-outof-date" is no tolerance flag
 7 |     tolerance: "-C --accept-group-outof-date"
   |                ^
expected: some of -C --accept-configuration-needed -G --accept-group-out-of-date -S --accept-sw-hardening-needed --only_for_testing-debug --only_for_testing-ignore-signer --only_for_testing-trust-any
found: --accept-group-outof-date
hint: did you mean "--accept-group-out-of-date"?`,
  },
  {
    what: 'a role that no CAS has',
    in: mesh,
    change: ['"access"', '"acess"'],
    told: `5:34 E_MANIFEST cas[0].alias[2] must be one of cas, image, security, access, attestation
 5 |     alias: ["image", "security", "acess", "attestation"]
   |                                  ^
expected: one of cas, image, security, access, attestation
found: acess
hint: did you mean "access"?`,
  },
  {
    what: 'a key hash that was cut',
    in: mesh,
    change: ['cas_url: localhost\n', 'cas_url: localhost\n    cas_key: 46Yyxry\n'],
    told: `7:14 E_MANIFEST cas[0].cas_key must be a key hash: 47 to 52 letters and digits
 7 |     cas_key: 46Yyxry
   |              ^
found: 46Yyxry
hint: write the key hash that \`sconectl cas attest\` shows`,
  },
  {
    what: 'a block of env for a service that is not there',
    in: mesh,
    change: [
      '  - name: API_USER\n    value: myself\n',
      '  - service: pythonap\n    env: [{name: API_USER, value: myself}]\n',
    ],
    told: `11:14 E_MANIFEST env[0].service names no service of this mesh
 11 |   - service: pythonap
    |              ^
found: pythonap
hint: did you mean "pythonapp"?`,
  },
  {
    what: 'an entry of env without a value',
    in: mesh,
    change: ['    value: myself\n', '    valeu: myself\n'],
    told: `11:5 E_MANIFEST env[0] lacks "value"
 11 |   - name: API_USER
    |     ^
hint: write "value: <value of the variable>"
12:5 E_MANIFEST "valeu" is no key of env[0]
 12 |     valeu: myself
    |     ^
hint: did you mean "value"?`,
  },
  {
    what: 'a service twice',
    in: mesh,
    change: ['    image: registry', '    image: x\n  - name: pythonapp\n    image: registry'],
    told: `16:11 E_MANIFEST services[1].name is pythonapp a second time
 16 |   - name: pythonapp
    |           ^
hint: give each service of the mesh a name of its own`,
  },
  {
    what: 'two names that are one to Kubernetes',
    in: mesh,
    change: ['    image: registry', '    image: x\n  - name: PythonApp\n    image: registry'],
    told: `16:11 E_MANIFEST services[1].name is PythonApp, which Kubernetes cannot tell from pythonapp
 16 |   - name: PythonApp
    |           ^
hint: let the names differ in more than case and punctuation`,
  },
  {
    what: 'a weakness that nobody can tolerate',
    in: mesh,
    change: ['  namespace: myPythonApp\n', '  namespace: myPythonApp\n  tolerate: outdated-tcb, hyper-threading\n'],
    told: `10:13 E_MANIFEST policy.tolerate names something that cannot be tolerated
 10 |   tolerate: outdated-tcb, hyper-threading
    |             ^
found: hyper-threading
hint: did you mean "hyperthreading"?`,
  },
  {
    what: 'an advisory that is none',
    in: mesh,
    change: ['  namespace: myPythonApp\n', '  namespace: myPythonApp\n  ignore_advisories: [INTEL-SA-586]\n'],
    told: `10:22 E_MANIFEST policy.ignore_advisories names something that is no advisory
 10 |   ignore_advisories: [INTEL-SA-586]
    |                      ^
expected: "*" alone, or advisories such as INTEL-SA-00586
found: INTEL-SA-586
hint: write it as INTEL-SA-00586`,
  },
  {
    what: 'a namespace with a blank',
    in: mesh,
    change: ['namespace: myPythonApp', 'namespace: my Python App'],
    told: `9:14 E_MANIFEST policy.namespace must be names of letters, digits and _ - ., with "/" between them
 9 |   namespace: my Python App
   |              ^
found: my Python App
hint: write "namespace: <namespace of the sessions on the CAS>", such as myPythonApp`,
  },
  {
    what: 'a Meshfile without services',
    in: mesh,
    change: [mesh.slice(mesh.indexOf('  - name: pythonapp')), ''],
    told: `13:10 E_MANIFEST services has no value
 13 | services:
    |          ^
hint: write "services:" and below it "- image: registry.example.org/hello/python_hello_user:latest"`,
  },
  {
    what: 'a file that is empty',
    change: [service, ''],
    told: `1:1 E_MANIFEST the file is empty
 1 |
   | ^
hint: a service manifest begins with "apiVersion: scone/5.8" and "kind: genservice", a Meshfile with "kind: mesh"`,
  },
];

for (const mistake of mistakes) {
  test(`a mistake is told with its place and its remedy: ${mistake.what}`, () => checkMistake(mistake));
}

test('the files without a mistake load without a warning', () => {
  for (const text of [service, mesh]) assert.equal(told(text), 'nothing');
});

test('all mistakes of a file are told in one run, in the order of the file', () => {
  const text = service
    .replace('scone/5.8', 'scone/5')
    .replace('$$SCONE::password$$', '$NOBODY')
    .replace('    - name: API_USER', '    - nam: API_USER')
    .replace('  pwd: /python\n', '  pwd: python\n  pdw: x\n');
  assert.deepEqual(
    told(text)
      .split('\n')
      .filter((line) => / E_[A-Z]+ /.test(line)),
    [
      '1:13 E_MANIFEST apiVersion must be scone/ and a version of at least 5.8',
      '6:15 E_VARIABLE the variable NOBODY has no value',
      '8:7 E_MANIFEST environment.global[0] lacks "name"',
      '8:7 E_MANIFEST "nam" is no key of environment.global[0]',
      '18:8 E_MANIFEST build.pwd must be an absolute path without "." and ".." parts',
      '19:3 E_MANIFEST "pdw" is no key of build',
    ],
  );
});

test('an unknown key does not hide what is wrong between the fields', () => {
  const text = service.replace('  pwd: /python\n', '  pdw: /python\n').replace('::password', '::passwort');
  assert.match(told(text), /refers to the secret "passwort"[^]*"pdw" is no key of build/);
});
