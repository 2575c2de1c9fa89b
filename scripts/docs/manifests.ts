import { meshSchema } from '../../src/manifest/mesh-schema.ts';
import { serviceSchema } from '../../src/manifest/service-schema.ts';
import { fieldTable } from './fields.ts';
import { page } from './page.ts';

const common =
  'YAML; unknown keys are errors. Numbers and booleans keep the text they were written with. `$NAME` and `${NAME}` are ' +
  'replaced from `--set` and the environment. A field that is not supported yet is refused by name with `E_NOT_YET`.';

/** `kind: genservice`. */
export function serviceManifestPage(): string {
  return page('Service manifest', `How to build one confidential image. ${common}`, fieldTable(serviceSchema));
}

/** `kind: mesh`. */
export function meshfilePage(): string {
  return page(
    'Meshfile',
    `Which services make one application, which CAS, which values. ${common}`,
    fieldTable(meshSchema),
  );
}
