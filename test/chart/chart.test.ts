import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { renderChart } from '../../src/chart/chart.ts';
import { hex } from '../../src/core/bytes.ts';
import { initDataHash } from '../../src/initdata/document.ts';
import type { DerivedMesh } from '../../src/mesh/types.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { helm, type KubernetesObject, objects, writeChart } from './helm.ts';
import { imageName, type Sample, sampleMesh } from './sample.ts';

const usual: Sample = {
  service:
    'environment:\n  global: [{name: API_USER}]\n  local: [{name: API_PASSWORD, value: "$$SCONE::password$$"}]\n' +
    'secrets:\n  global:\n  - {name: password, kind: ascii}\n  - {name: token, kind: ascii, value: hunter2-explicit}\n',
  mesh: 'env:\n- {name: API_USER, value: myself-of-the-mesh}\n- {name: imagePullSecrets, value: SconeApps}\n- {name: APP_SERVICE_PORT, value: 443}\n',
};

interface Rendered {
  chart: string;
  folder: string;
  program: string;
  text: string;
  all: KubernetesObject[];
}

/** Lints the chart strictly and renders it; nothing where this machine has no helm. */
function render(t: TestContext, mesh: DerivedMesh, release = 'demo', ...args: string[]): Rendered | undefined {
  const found = need(t, 'helm');
  if (found === undefined) return undefined;
  const folder = tempFolder(t);
  const chart = writeChart(mesh, folder);
  const lint = helm(found.path, folder, 'lint', '--strict', chart);
  assert.match(lint, /1 chart\(s\) linted, 0 chart\(s\) failed/);
  const text = helm(found.path, folder, 'template', release, chart, '--namespace', 'space', ...args);
  return { chart, folder, program: found.path, text, all: objects(text) };
}

interface Pod {
  metadata: { labels: object; annotations: { [name: string]: string } };
  spec: {
    imagePullSecrets: { name: string }[];
    securityContext: { runAsUser: number; runAsGroup: number };
    containers: [{ image: string; resources?: object }];
  };
}

function podOf(object: KubernetesObject | undefined): Pod {
  assert.equal(object?.kind, 'Deployment');
  return object.spec['template'] as Pod;
}

test('the chart of the usual mesh passes helm lint --strict and becomes a hardened Deployment and a Service', (t) => {
  const mesh = sampleMesh(usual);
  const rendered = render(t, mesh);
  if (rendered === undefined) return;
  const [service, deployment] = rendered.all.toSorted((a, b) => (a.kind > b.kind ? -1 : 1));
  const one = mesh.services[0];
  assert.ok(one !== undefined && rendered.all.length === 2);
  assert.equal(deployment?.metadata.name, 'demo-one');
  assert.deepEqual(podOf(deployment), {
    metadata: {
      labels: { 'app.kubernetes.io/name': 'one', 'app.kubernetes.io/instance': 'demo' },
      annotations: { 'checksum/init-data': hex(initDataHash(one.initData)) },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Always',
      imagePullSecrets: [{ name: 'sconeapps' }],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'one',
          image: `registry.example.org:5000/hello/app@${one.digest}`,
          imagePullPolicy: 'IfNotPresent',
          env: [
            { name: 'SCONE_INITDATA', value: Buffer.from(one.initData).toString('base64') },
            { name: 'SCONE_SIM_PLATFORM', value: one.configId },
          ],
          ports: [{ name: 'service', containerPort: 443, protocol: 'TCP' }],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [
            { name: 'scone', mountPath: '/run/scone' },
            { name: 'tmp', mountPath: '/tmp' },
          ],
        },
      ],
      volumes: [
        { name: 'scone', emptyDir: { medium: 'Memory' } },
        { name: 'tmp', emptyDir: { medium: 'Memory' } },
      ],
    },
  });
  assert.deepEqual(service?.spec, {
    type: 'ClusterIP',
    selector: { 'app.kubernetes.io/name': 'one', 'app.kubernetes.io/instance': 'demo' },
    ports: [{ name: 'service', port: 443, targetPort: 'service', protocol: 'TCP' }],
  });
  assert.deepEqual(deployment?.spec['selector'], {
    matchLabels: { 'app.kubernetes.io/name': 'one', 'app.kubernetes.io/instance': 'demo' },
  });
});

test('without a port there is no Service, and without pull secrets none is named', (t) => {
  const rendered = render(t, sampleMesh({}));
  if (rendered === undefined) return;
  assert.deepEqual(
    rendered.all.map(({ kind }) => kind),
    ['Deployment'],
  );
  assert.equal('imagePullSecrets' in podOf(rendered.all[0]).spec, false);
  assert.equal('ports' in podOf(rendered.all[0]).spec.containers[0], false);
});

test('each service of a mesh has a Deployment of its own in one chart', (t) => {
  const services = ['My_Service.1', 'two', 'x'.repeat(60)].map((name) => `- {name: ${name}, image: "${imageName}"}\n`);
  const rendered = render(t, sampleMesh({ services: services.join('') }), 'r');
  if (rendered === undefined) return;
  const names = rendered.all.map(({ metadata }) => metadata.name).toSorted();
  assert.deepEqual(names.slice(0, 2), ['r-my-service-1', 'r-two']);
  assert.match(names[2] ?? '', /^r-x{31}-[0-9a-f]{8}$/);
});

test('a release name that makes names too long for Kubernetes is refused in words', (t) => {
  const found = need(t, 'helm');
  if (found === undefined) return;
  const folder = tempFolder(t);
  const chart = writeChart(sampleMesh({ services: `- {name: ${'y'.repeat(40)}, image: "${imageName}"}\n` }), folder);
  assert.throws(
    () => helm(found.path, folder, 'template', 'z'.repeat(50), chart),
    /is longer than the 63 characters of Kubernetes: use a shorter release name/,
  );
});

test('51: the chart names every image by digest, and refuses a value that does not', (t) => {
  const tagged = sampleMesh({ services: `- {name: one, image: "${imageName}"}\n` });
  const rendered = render(t, tagged);
  if (rendered === undefined) return;
  const images = [...rendered.text.matchAll(/image: (.*)/g)].map(([, image]) => image);
  assert.deepEqual(images, [`"registry.example.org:5000/hello/app@${tagged.services[0]?.digest}"`]);
  assert.throws(
    () =>
      helm(
        rendered.program,
        rendered.folder,
        'template',
        'r',
        rendered.chart,
        '--set',
        'services.one.image=app:latest',
      ),
    /services\.one\.image|services\/one\/image/,
  );
});

test('53: characters that mean something to Helm or YAML stay text in values and rendered chart', (t) => {
  const odd = 'reg/{{.Release.Name}}"\':#&*!|>%@`${HOME}$(id)\\n{{fail}}{%x%}é';
  const mesh = sampleMesh({});
  const [one] = mesh.services;
  assert.ok(one !== undefined);
  const image = `${odd}@${one.digest}`;
  const hostile: DerivedMesh = {
    ...mesh,
    services: [
      { ...one, chart: { ...one.chart, image, imagePullSecrets: ['{{ fail "x" }}', '- a: b', 'NO', '0644'] } },
    ],
  };
  const rendered = render(t, hostile);
  if (rendered === undefined) return;
  const { spec } = podOf(rendered.all[0]);
  assert.equal(spec.containers[0].image, image);
  assert.deepEqual(
    spec.imagePullSecrets.map(({ name }) => name),
    ['{{ fail "x" }}', '- a: b', 'NO', '0644'],
  );
  assert.equal(rendered.all.length, 1);
});

test('53: odd names of services and namespaces are legal names in the chart', (t) => {
  const mesh = { ...sampleMesh({}), namespace: 'My.Space/Sub_space' };
  assert.equal(parse(renderChart(mesh).get('Chart.yaml') ?? '').name, 'my-space-sub-space');
  const [one] = mesh.services;
  assert.ok(one !== undefined);
  for (const name of ['A.b_c-d-', '---', 'ÄÖ {{x}}"']) {
    const rendered = render(t, { ...mesh, services: [{ ...one, service: name }] });
    if (rendered === undefined) return;
    assert.match(rendered.all[0]?.metadata.name ?? '', /^demo-[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/);
  }
});

test('56: no value of the program, explicit or not, and no secret is in the chart', (t) => {
  const mesh = sampleMesh(usual);
  const files = [...renderChart(mesh).values()].join('\n');
  const rendered = render(t, mesh);
  for (const text of [files, rendered?.text ?? '']) {
    for (const value of ['myself-of-the-mesh', 'hunter2-explicit', 'API_USER', 'API_PASSWORD', 'password', 'SCONE::']) {
      for (const form of [
        value,
        Buffer.from(value).toString('base64').replace(/=+$/, ''),
        Buffer.from(value).toString('hex'),
      ]) {
        assert.equal(text.includes(form), false, `${value} as ${form}`);
      }
    }
  }
  assert.deepEqual(rendered?.all.filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap') ?? [], []);
});

test('56: values that are not on the closed list are refused by helm', (t) => {
  const rendered = render(t, sampleMesh(usual));
  if (rendered === undefined) return;
  for (const more of ['services.one.env.API_USER=x', 'services.two.image=x', 'secret=x', 'services.one.replicas=2']) {
    assert.throws(
      () => helm(rendered.program, rendered.folder, 'template', 'r', rendered.chart, '--set', more),
      /additional properties|Additional property/i,
      more,
    );
  }
});

test('resources can be given, and other init data makes other pods', (t) => {
  const rendered = render(t, sampleMesh(usual), 'demo', '--set', 'services.one.resources.limits.memory=64Mi');
  if (rendered === undefined) return;
  const pod = podOf(rendered.all.find(({ kind }) => kind === 'Deployment'));
  assert.deepEqual(pod.spec.containers[0].resources, { limits: { memory: '64Mi' } });
  const other = sampleMesh({ ...usual, policy: '', services: `- {name: two, image: "${imageName}"}\n` });
  const again = render(t, other);
  const otherPod = podOf(again?.all.find(({ kind }) => kind === 'Deployment'));
  const checksum = 'checksum/init-data';
  assert.notEqual(otherPod.metadata.annotations[checksum], pod.metadata.annotations[checksum]);
});

test('the user of the image is the user of the pod', (t) => {
  const mesh = sampleMesh({ service: '  user: 1000:2000\n' });
  const rendered = render(t, mesh);
  if (rendered === undefined) return;
  const { securityContext } = podOf(rendered.all[0]).spec;
  assert.deepEqual([securityContext.runAsUser, securityContext.runAsGroup], [1000, 2000]);
});

test('an image that runs as root gets no chart', () => {
  const mesh = sampleMesh();
  // No manifest says so any more: it was built by somebody else.
  for (const { descriptor } of mesh.services) descriptor.user = { uid: 0, gid: 1000 };
  assert.throws(() => renderChart(mesh), {
    code: 'E_IMAGE',
    message: 'the image of one runs as root, and no service does',
    found: '0:1000',
    hint: /build\.user/,
  });
});

test('the notes say how to see logs, and first of all that a simulation is NOT CONFIDENTIAL', (t) => {
  const found = need(t, 'helm');
  if (found === undefined) return;
  const folder = tempFolder(t);
  const chart = writeChart(sampleMesh(usual), folder);
  // `helm template` does not print notes: rendered as another template they can be seen.
  const notes = readFileSync(join(chart, 'templates/NOTES.txt'), 'utf8');
  writeFileSync(
    join(chart, 'templates/seen.yaml'),
    `{{- define "notes" -}}\n${notes}{{- end -}}\nnotes: {{ include "notes" . | quote }}\n`,
  );
  const text = helm(
    found.path,
    folder,
    'template',
    'demo',
    chart,
    '--namespace',
    'space',
    '--show-only',
    'templates/seen.yaml',
  );
  const seen: string = parse(text).notes;
  assert.match(seen, /^NOT CONFIDENTIAL: /);
  assert.match(
    seen,
    /kubectl logs --namespace space --selector app\.kubernetes\.io\/instance=demo --prefix --follow\n/,
  );
});

test('the same mesh gives the same chart', () => {
  assert.deepEqual([...renderChart(sampleMesh(usual))], [...renderChart(sampleMesh(usual))]);
});
