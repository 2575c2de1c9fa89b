import { Document } from 'yaml';
import { base64 } from '../core/bytes.ts';
import type { DerivedMesh, DerivedService } from '../mesh/types.ts';
import { label } from './names.ts';

/** What `values.yaml` says about one service. A closed list: no value of the program is in it (threat model 56). */
interface ServiceValues {
  image: string;
  imagePullSecrets: string[];
  initData: string;
  simPlatform?: string;
  servicePort?: number;
  restartPolicy: 'Always';
  resources: { [kind: string]: never };
}

const header = ` Written by sconectl from the Meshfile. Nothing in here is secret, and nothing in here is trusted: the runtime in each
 image obeys only the init data that its TEE carries, and the CAS releases values only for the init data that it knows.`;

/** `values.yaml`. Texts that another reader could take for something else are quoted. */
export function renderValues(mesh: DerivedMesh): string {
  const services = Object.fromEntries(mesh.services.map((service) => [label(service.service), valuesOf(service)]));
  const document = new Document({ services }, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  document.commentBefore = header;
  return document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false });
}

function valuesOf({ chart, initData, configId, descriptor }: DerivedService): ServiceValues {
  return {
    image: chart.image,
    imagePullSecrets: chart.imagePullSecrets,
    initData: base64(initData),
    ...(descriptor.flavour === 'sim' ? { simPlatform: configId } : {}),
    ...(chart.servicePort === undefined ? {} : { servicePort: chart.servicePort }),
    restartPolicy: chart.restartPolicy,
    resources: {},
  };
}

/** `values.schema.json`: Helm refuses values that are not on the list, and forms that cannot be right. */
export function renderSchema(mesh: DerivedMesh): string {
  const service = {
    type: 'object',
    additionalProperties: false,
    required: ['image', 'initData'],
    properties: {
      image: { type: 'string', pattern: '@sha256:[0-9a-f]{64}$', description: 'image by digest, never by tag alone' },
      imagePullSecrets: { type: 'array', items: { type: 'string' }, description: 'names of pull secrets' },
      initData: { type: 'string', pattern: '^[A-Za-z0-9+/]+={0,2}$', description: 'init data in base64' },
      simPlatform: { type: 'string', pattern: '^[0-9a-f]{128}$', description: 'CONFIGID of the simulated platform' },
      servicePort: { type: 'integer', minimum: 1, maximum: 65_535, description: 'port that the program listens on' },
      restartPolicy: { enum: ['Always'], description: 'restart policy of the pods' },
      resources: { type: 'object', description: 'requests and limits of the container' },
    },
  };
  const names = mesh.services.map(({ service }) => label(service));
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    additionalProperties: false,
    required: ['services'],
    properties: {
      global: { type: 'object' },
      services: {
        type: 'object',
        additionalProperties: false,
        required: names,
        properties: Object.fromEntries(names.map((name) => [name, service])),
      },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
