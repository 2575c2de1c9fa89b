import { type Position, SconeError } from '../core/errors.ts';
import type { TemplateValue } from './template.ts';
import type { ChartValues } from './types.ts';

/**
 * What the chart takes from the Meshfile for one service: a closed list, so that no value of the program gets into a
 * chart (threat model 56).
 *
 * @param own the port that the service manifest itself says, in PYTHON_SERVICE_PORT; it counts before the Meshfile's
 */
export function deriveChartValues(
  image: string,
  digest: string,
  values: ReadonlyMap<string, TemplateValue>,
  own: string | undefined,
  fallback: Position,
  problems: SconeError[],
  warnings: SconeError[],
): ChartValues {
  const port = own === undefined ? values.get('APP_SERVICE_PORT') : { value: own };
  const portName = own === undefined ? 'APP_SERVICE_PORT' : 'PYTHON_SERVICE_PORT';
  const restart = values.get('restartPolicy');
  const number = Number(port?.value);
  if (port !== undefined && !(/^[0-9]{1,5}$/.test(port.value) && number >= 1 && number <= 65_535)) {
    problems.push(
      new SconeError('E_VARIABLE', `${portName} is no port`, {
        at: port.at ?? fallback,
        expected: 'a number from 1 to 65535',
        found: port.value,
        hint: 'write the port that the program listens on',
      }),
    );
  }
  if (restart !== undefined && restart.value !== 'Always') {
    problems.push(
      new SconeError('E_NOT_YET', `restartPolicy ${restart.value} is known, and not supported yet`, {
        at: restart.at ?? fallback,
        expected: 'Always',
        found: restart.value,
        hint: 'remove it: services are deployments, which Kubernetes always restarts',
      }),
    );
  }
  return {
    image: `${repository(image)}@${digest}`,
    imagePullSecrets: pullSecrets(values.get('imagePullSecrets'), fallback, problems, warnings),
    ...(port === undefined ? {} : { servicePort: number }),
    restartPolicy: 'Always',
  };
}

/** An image reference without tag and digest. */
export function repository(image: string): string {
  const name = image.replace(/@.*$/s, '');
  const slash = name.lastIndexOf('/');
  return name.slice(0, slash + 1) + name.slice(slash + 1).replace(/:.*$/s, '');
}

function pullSecrets(
  given: TemplateValue | undefined,
  fallback: Position,
  problems: SconeError[],
  warnings: SconeError[],
): string[] {
  if (given === undefined || given.value === '') return [];
  const legal = legalName(given.value);
  const at = given.at ?? fallback;
  if (legal === undefined) {
    problems.push(
      new SconeError('E_VARIABLE', 'imagePullSecrets is no name that Kubernetes accepts', {
        at,
        found: given.value,
        expected: 'lower-case letters, digits, "-" and "."',
        hint: 'write the name of the Kubernetes secret that can pull the image',
      }),
    );
    return [];
  }
  if (legal !== given.value) {
    warnings.push(
      new SconeError('E_VARIABLE', `imagePullSecrets is ${given.value}, which Kubernetes does not accept as a name`, {
        at,
        expected: legal,
        found: given.value,
        hint: `the chart uses ${legal}: write that, and name the Kubernetes secret so`,
      }),
    );
  }
  return [legal];
}

/** The nearest DNS-1123 subdomain. */
function legalName(name: string): string | undefined {
  const legal = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .split('.')
    .map((label) => label.replace(/^-+|-+$/g, ''))
    .filter((label) => label !== '')
    .join('.');
  return legal === '' || legal.length > 253 ? undefined : legal;
}
