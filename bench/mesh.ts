import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a Meshfile and the manifests of its services, each in a folder of its own, as large as users have them. */
export function writeMesh(folder: string, services: number): void {
  const names = Array.from({ length: services }, (_, index) => `service${index + 1}`);
  writeFileSync(join(folder, 'mesh.yml'), meshfile(names));
  for (const name of names) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'service.yml'), manifest(name));
  }
}

const image = (name: string): string => `registry.example.org/bench/${name}:latest`;

const meshfile = (names: readonly string[]): string => `apiVersion: scone/5.8
kind: mesh

cas:
  - name: cas
    alias: ["image", "security", "access", "attestation"]
    cas_url: localhost
    tolerance: "--only_for_testing-trust-any --only_for_testing-debug --only_for_testing-ignore-signer -C -G -S"

policy:
  namespace: bench

env:
  - name: API_USER
    value: myself
  - name: APP_SERVICE_PORT
    value: 443

services:
${names.map((name) => `  - name: ${name}\n    image: ${image(name)}\n`).join('')}`;

const manifest = (name: string): string => `apiVersion: scone/5.8
kind: genservice

# Variables of the program. Local ones are fixed here; global ones are set in the Meshfile.
environment:
  local:
    - name: SCONE_HEAP
      value: 760M
    - name: SCONE_LOG
      value: error
    - name: API_PASSWORD
      value: "$$SCONE::${name}_password$$"
  global:
    - name: API_USER

secrets:
  global:
    - name: ${name}_password
      kind: ascii
      size: 10

build:
  name: ${name}
  kind: python
  to: ${image(name)}
  pwd: /python
  command: python3 print_env.py
  copy:
    - print_env.py
`;
