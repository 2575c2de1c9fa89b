import { test } from 'node:test';
import { checkMistake, type Mistake, mesh } from '../../test/support/mistakes.ts';

/** What is right in another tool, or nearly right here. */
const mistakes: Mistake[] = [
  {
    what: 'a dash that is missing',
    change: ['    - name: API_USER', '      name: API_USER'],
    told: `8:7 E_MANIFEST environment.global must be a list, and is a map
 8 |       name: API_USER
   |       ^
hint: write "- " in front of "name", its first key`,
  },
  {
    what: 'a dash without a blank',
    change: ['    - print_env.py', '    -print_env.py'],
    told: `21:5 E_MANIFEST build.copy must be a list, and is a text
 21 |     -print_env.py
    |     ^
hint: write a blank behind the "-"`,
  },
  {
    what: 'a section with a typing error',
    change: ['environment:', 'enviroment:'],
    told: `3:1 E_MANIFEST "enviroment" is no key of a service manifest
 3 | enviroment:
   | ^
hint: did you mean "environment"?`,
  },
  {
    what: 'variables as a map',
    change: ['    - name: API_PASSWORD\n      value: "$$SCONE::password$$"', '    API_PASSWORD: "x"'],
    told: `5:5 E_MANIFEST environment.local must be a list, and is a map
 5 |     API_PASSWORD: "x"
   |     ^
hint: write "- name: API_PASSWORD", and "value: …" on the line below`,
  },
  {
    what: 'a variable as one line',
    in: mesh,
    change: ['  - name: API_USER\n    value: myself', '  - API_USER: myself'],
    told: `11:5 E_MANIFEST env[0] must have a name and a value
 11 |   - API_USER: myself
    |     ^
hint: write "- name: API_USER", and "value: …" on the line below`,
  },
  {
    what: 'a variable as the shell has it',
    in: mesh,
    change: ['  - name: API_USER\n    value: myself', '  - API_USER=myself'],
    told: `11:5 E_MANIFEST env[0] must be a map, and is a text
 11 |   - API_USER=myself
    |     ^
hint: write "- name: API_USER", and "value: …" on the line below`,
  },
  {
    what: 'variables of a Meshfile as a map',
    in: mesh,
    change: ['  - name: API_USER\n    value: myself', '  API_USER: myself'],
    told: `11:3 E_MANIFEST env must be a list, and is a map
 11 |   API_USER: myself
    |   ^
hint: write "- name: API_USER", and "value: …" on the line below`,
  },
  {
    what: 'a block of variables without its service',
    in: mesh,
    change: ['  - name: API_USER\n    value: myself', '  - env: [{name: A, value: b}]'],
    told: `11:5 E_MANIFEST env[0] lacks "service"
 11 |   - env: [{name: A, value: b}]
    |     ^
hint: write "service: <a service of the mesh, global or helm>"`,
  },
  {
    what: 'a placeholder that lost its dollars',
    change: ['"$$SCONE::password$$"', '"SCONE::password"'],
    told: `warning 6:7 E_NOT_YET SCONE::, which is no placeholder as it is written, is known, and not supported yet
 6 |       value: "SCONE::password"
   |       ^
hint: write $$SCONE::name$$: in capitals, with two dollars at both ends and no braces`,
  },
  {
    what: 'a placeholder with one dollar',
    change: ['"$$SCONE::password$$"', '"$SCONE::password$"'],
    told: `6:15 E_VARIABLE the variable SCONE has no value
 6 |       value: "$SCONE::password$"
   |               ^
hint: a placeholder has two dollars at both ends: $$SCONE::name$$`,
  },
  {
    what: 'a placeholder in small letters',
    change: ['"$$SCONE::password$$"', '"$$scone::password$$"'],
    told: `warning 6:7 E_NOT_YET SCONE::, which is no placeholder as it is written, is known, and not supported yet
 6 |       value: "$$scone::password$$"
   |       ^
hint: write $$SCONE::name$$: in capitals, with two dollars at both ends and no braces`,
  },
  {
    what: 'a placeholder in quotes of a word processor',
    change: ['"$$SCONE::password$$"', '“$$SCONE::password$$”'],
    told: `warning 6:14 E_MANIFEST the quotes “ and ” are part of this text
 6 |       value: “$$SCONE::password$$”
   |              ^
hint: write " or ' where quotes around the text are meant`,
  },
  {
    what: 'a variable without a value',
    change: ['      value: "$$SCONE::password$$"\n', ''],
    told: `5:7 E_MANIFEST environment.local[0] lacks "value"
 5 |     - name: API_PASSWORD
   |       ^
hint: write "value: <value of the variable>", such as 760M`,
  },
  {
    what: 'a command as a list',
    change: ['command: python3 print_env.py', 'command: [python3, print_env.py]'],
    told: `19:12 E_MANIFEST build.command must be a text, and is a list
 19 |   command: [python3, print_env.py]
    |            ^
hint: write "command: <program and arguments>", such as python3 print_env.py`,
  },
  {
    what: 'a port with a name',
    in: mesh,
    change: ['cas_url: localhost', 'cas_url: localhost:http'],
    told: `6:14 E_MANIFEST cas[0].cas_url must be host or host:port
 6 |     cas_url: localhost:http
   |              ^
found: localhost:http
hint: write the port as a number from 1 to 65535, or leave it out: 8081 is the one for clients`,
  },
  {
    what: 'an image with a blank',
    in: mesh,
    change: ['hello/python_hello_user:latest', 'hello/python_hello_user latest'],
    told: `15:12 E_MANIFEST services[0].image must be the name of an image: [host[:port]/]path[:tag][@sha256:…], the path in lower case
 15 |     image: registry.example.org/hello/python_hello_user latest
    |            ^
found: registry.example.org/hello/python_hello_user latest
hint: write "image: <image of the service>", such as registry.example.org/hello/python_hello_user:latest`,
  },
  {
    what: 'an image without a name',
    in: mesh,
    change: ['image: registry.example.org/hello/python_hello_user:latest', 'image:'],
    told: `15:11 E_MANIFEST services[0].image has no value
 15 |     image:
    |           ^
hint: write "image: <image of the service>", such as registry.example.org/hello/python_hello_user:latest`,
  },
  {
    what: 'an address instead of the name of an image',
    change: ['to: registry', 'to: https://registry'],
    told: `17:7 E_MANIFEST build.to must be the name of an image: [host[:port]/]path[:tag], the path in lower case
 17 |   to: https://registry.example.org/hello/python_hello_user:latest
    |       ^
found: https://registry.example.org/hello/python_hello_user:latest
hint: leave out https://`,
  },
  {
    what: 'a policy without its namespace',
    in: mesh,
    change: ['  namespace: myPythonApp\n', ''],
    told: `8:8 E_MANIFEST policy has no value
 8 | policy:
   |        ^
hint: write "policy:" and below it "namespace: myPythonApp"`,
  },
  {
    what: 'a key that is not indented',
    in: mesh,
    change: ['  namespace: myPythonApp', 'namespace: myPythonApp'],
    told: `8:8 E_MANIFEST policy has no value
 8 | policy:
   |        ^
hint: write "policy:" and below it "namespace: myPythonApp"
9:1 E_MANIFEST "namespace" is no key of a Meshfile
 9 | namespace: myPythonApp
   | ^
hint: it is a key of policy: indent it, or move it there`,
  },
  {
    what: 'a namespace that init data cannot name',
    in: mesh,
    change: ['namespace: myPythonApp', 'namespace: my~App'],
    told: `9:14 E_MANIFEST policy.namespace must be names of letters, digits and _ - ., with "/" between them
 9 |   namespace: my~App
   |              ^
found: my~App
hint: write "namespace: <namespace of the sessions on the CAS>", such as myPythonApp`,
  },
  {
    what: 'a service that init data cannot name',
    in: mesh,
    change: ['name: pythonapp', 'name: python~app'],
    told: `14:11 E_MANIFEST services[0].name may only have letters, digits and _ - . (1 to 128 of them)
 14 |   - name: python~app
    |           ^
found: python~app
hint: write "name: <name of the service in the mesh>", such as pythonapp`,
  },
  {
    what: 'a key of the top level further in',
    in: mesh,
    change: ['  namespace: myPythonApp\n', '  namespace: myPythonApp\n  services: []\n'],
    told: `10:3 E_MANIFEST "services" is no key of policy
 10 |   services: []
    |   ^
hint: it is a key of the file itself: move it there, and indent it not at all`,
  },
  {
    what: 'a key that several places have',
    in: mesh,
    change: ['kind: mesh\n', 'kind: mesh\nmode: Upload\n'],
    told: `3:1 E_MANIFEST "mode" is no key of a Meshfile
 3 | mode: Upload
   | ^
hint: known here: apiVersion, kind, cas, policy, env, services, helm_extra_values, helm, extra_policies, repo`,
  },
  {
    what: 'services as a map',
    in: mesh,
    change: ['  - name: pythonapp\n    image:', '  pythonapp:\n    image:'],
    told: `14:3 E_MANIFEST services must be a list, and is a map
 14 |   pythonapp:
    |   ^
hint: write "- name: pythonapp" and the rest below it`,
  },
  {
    what: 'an unknown flag of one letter',
    in: mesh,
    change: ['-C -G -S', '-C -X'],
    told: `7:16 E_MANIFEST cas[0].tolerance is refused: "-X" is no tolerance flag
 7 |     tolerance: "-C -X"
   |                ^
expected: some of -C --accept-configuration-needed -G --accept-group-out-of-date -S --accept-sw-hardening-needed --only_for_testing-debug --only_for_testing-ignore-signer --only_for_testing-trust-any
found: -X
hint: remove it, or write the one that was meant`,
  },
  {
    what: 'a weakness where flags belong',
    in: mesh,
    change: ['tolerance: "-C -G -S"', 'tolerance: outdated-tcb'],
    told: `7:16 E_MANIFEST cas[0].tolerance is refused: "outdated-tcb" is no tolerance flag
 7 |     tolerance: outdated-tcb
   |                ^
expected: some of -C --accept-configuration-needed -G --accept-group-out-of-date -S --accept-sw-hardening-needed --only_for_testing-debug --only_for_testing-ignore-signer --only_for_testing-trust-any
found: outdated-tcb
hint: this is a weakness of services: they are tolerated in policy.tolerate`,
  },
  {
    what: 'flags as a list',
    in: mesh,
    change: ['tolerance: "-C -G -S"', 'tolerance: ["-C", "-G"]'],
    told: `7:16 E_MANIFEST cas[0].tolerance must be a text, and is a list
 7 |     tolerance: ["-C", "-G"]
   |                ^
hint: write "tolerance: <flags for its attestation>", such as -C -G -S`,
  },
  {
    what: 'a flag without its value',
    in: mesh,
    change: ['-C -G -S', '-C --mrenclave -S'],
    told: `7:16 E_MANIFEST cas[0].tolerance is refused: the tolerance flag --mrenclave has no value
 7 |     tolerance: "-C --mrenclave -S"
   |                ^
found: --mrenclave
hint: write --mrenclave and its value, or leave both out`,
  },
  {
    what: 'an injected file twice',
    change: ['secrets:\n', 'injection_files:\n- {path: /a, content: x}\n- {path: /a, content: y}\nsecrets:\n'],
    told: `11:10 E_MANIFEST injection_files[1].path is /a a second time
 11 | - {path: /a, content: …
    |          ^
hint: keep one entry for each path`,
  },
  {
    what: 'an injected file at a relative path',
    change: ['secrets:\n', 'injection_files:\n- {path: a.txt, content: x}\nsecrets:\n'],
    told: `10:10 E_MANIFEST injection_files[0].path must be the absolute path of a file, without "//", "." and ".." parts
 10 | - {path: a.txt, content: …
    |          ^
found: a.txt
hint: write "path: <where the program finds the file>", such as /etc/app/password`,
  },
  {
    what: 'a certificate whose key is not defined',
    change: ['kind: ascii\n      size: 10', 'kind: x509\n      private_key: k'],
    told: `13:20 E_MANIFEST secrets.global[0].private_key names the secret k, which this manifest neither defines nor imports
 13 |       private_key: k
    |                    ^
hint: define {name: k, kind: private-key}, or import it`,
  },
  {
    what: 'an imported secret as a map',
    change: ['secrets:\n', 'secrets:\n  import:\n  - name: x\n'],
    told: `11:5 E_MANIFEST secrets.import[0] must be a text, and is a map
 11 |   - name: x
    |     ^
hint: write "- <name of a secret>", such as redis_client_cert`,
  },
  {
    what: 'a kind of another tool',
    change: ['kind: genservice', 'kind: service'],
    told: `2:7 E_MANIFEST kind must be genservice or mesh
 2 | kind: service
   |       ^
expected: genservice or mesh
found: service
hint: did you mean "genservice"?`,
  },
  {
    what: 'an engine in capitals',
    change: ['kind: python\n', 'kind: Python\n'],
    told: `16:9 E_MANIFEST build.kind must be one of python, java, java8, java15, java17, java21, java-glibc, java17-glibc, java17-bullseye, java21-ubuntu, sconify_image
 16 |   kind: Python
    |         ^
expected: one of python, java, java8, java15, java17, java21, java-glibc, java17-glibc, java17-bullseye, java21-ubuntu, sconify_image
found: Python
hint: did you mean "python"?`,
  },
  {
    what: 'a default of the shell',
    change: ['registry.example.org/hello', '${REG:-x}/hello'],
    told: `17:7 E_VARIABLE "\${REG…}" is no variable
 17 |   to: \${REG:-x}/hello/python_hello_user:latest
    |       ^
expected: \${NAME} of letters, digits and _
hint: write \\\${ where the text itself has these characters`,
  },
  {
    what: 'a build as a list',
    change: ['build:\n  name', 'build:\n- name'],
    told: `15:1 E_MANIFEST build must be a map, and is a list
 15 | - name: python_hello_user
    | ^
hint: take away the "- " in front of its keys`,
  },
  {
    what: 'root as the user',
    change: ['  pwd: /python\n', '  pwd: /python\n  user: 0\n'],
    told: `19:9 E_MANIFEST build.user is root, and no service runs as root
 19 |   user: 0
    |         ^
expected: a user id other than 0
found: 0:0
hint: leave build.user out (65532), or name another id; a program that listens on a port below 1024 can listen above`,
  },
  {
    what: 'a volume for another session, as sessions have it',
    change: [
      '  pwd: /python\n',
      '  pwd: /python\n  volumes: [{name: v, path: /v, export: [{session: a/b, to: c/d}]}]\n',
    ],
    told: `19:57 E_MANIFEST "to" is no key of build.volumes[0].export[0]
 19 |   volumes: [{name: v, path: /v, export: [{session: a/b, to: c/d}]}]
    |                                                         ^
hint: only sessions have "to": write session in its place, beside the other keys`,
  },
  {
    what: 'an absolute path to copy',
    change: ['    - print_env.py', '    - /app/print_env.py'],
    told: `warning 21:7 E_NOT_YET the absolute path /app/print_env.py in build.copy is known, and not supported yet
 21 |     - /app/print_env.py
    |       ^
hint: name it from the folder of the manifest: app/print_env.py`,
  },
  {
    what: 'the key hash of another make of CAS',
    in: mesh,
    change: [
      'cas_url: localhost\n',
      'cas_url: localhost\n    cas_key: KsAvbrePfi8HPe4zB1NYQ57y4Rnsj8ghxC698VS9J1SNcyWsTE\n',
    ],
    told: `warning 7:5 E_NOT_YET cas_key with the key hash of another make of CAS is known, and not supported yet
 7 |     cas_key: KsAvbrePfi8HPe4zB1NYQ57y4Rnsj8ghxC698VS9J1SNcyWsTE
   |     ^
hint: write the key hash that \`sconectl cas attest\` shows`,
  },
];

for (const mistake of mistakes) {
  test(`a form that means nothing here is told with the one that does: ${mistake.what}`, () => checkMistake(mistake));
}
