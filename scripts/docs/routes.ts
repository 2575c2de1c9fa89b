import { clientPort, type Route, routes, servicePort } from '../../src/api/routes.ts';
import { fieldTable } from './fields.ts';
import { code, page, table } from './page.ts';

const access: Record<Route['access'], string> = {
  public: 'anybody',
  client: 'whoever shows a client certificate; the access policy decides further',
  session: 'whom the access policy of the session lets read',
  evidence: 'whoever proves to be an admitted service',
};

/** The API of a CAS, from the table that the server and the client are made from. */
export function routesPage(): string {
  const all: Route[] = Object.values(routes);
  return page(
    'API of a CAS',
    `JSON over HTTP/1.1 over TLS 1.3, never resumed. A route exists on one port only: clients use ${clientPort}, services ${servicePort}. ` +
      'Errors have the form of [error codes](errors.md). Unknown fields are errors.',
    table(
      ['Route', 'Port', 'Who', 'What'],
      all.map((route) => [code(`${route.method} ${route.path}`), route.port, access[route.access], route.what]),
    ),
    ...all.flatMap(sections),
  );
}

function sections(route: Route): string[] {
  const query = fieldTable(route.query);
  return [
    `## ${route.method} ${route.path}`,
    `${route.what[0]?.toUpperCase()}${route.what.slice(1)}. For: ${access[route.access]}.`,
    ...(query === 'No fields.' ? [] : [`Query:`, query]),
    ...(route.request === undefined ? [] : [`Request, at most ${route.bodyLimit} bytes:`, fieldTable(route.request)]),
    'Answer:',
    fieldTable(route.answer),
  ];
}
