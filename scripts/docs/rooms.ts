import { root } from '../environment.ts';
import { loadRooms, type Room } from '../rooms.ts';
import { code, fence, page, table } from './page.ts';

/** The folders of `src` and which may import which. */
export function roomsPage(): string {
  const rooms = Object.entries(loadRooms(root));
  return page(
    'Rooms',
    'Each folder of `src` is a room with one purpose. `rooms.json` says which room may import which, `npm run check` ' +
      'refuses every other import, and a test tries every forbidden pair. A pure room does no input or output and ' +
      'takes the time, randomness and settings as parameters. Files named in the last column are exceptions.',
    table(
      ['Room', 'Holds', 'Imports', 'Pure', 'Exceptions'],
      rooms.map(([name, room]) => [
        code(name),
        room.what,
        room.imports.length === 0 ? 'nothing of ours' : room.imports.filter((to) => !closed(room, to)).join(', '),
        room.pure === true ? 'yes' : '',
        exceptions(room),
      ]),
    ),
    'The arrows, without those of the command line (which imports nearly everything) and without those to `core` ' +
      '(which every room may import). A dashed arrow is an exception for one file.',
    fence('mermaid', ['flowchart LR', ...rooms.flatMap(([name, room]) => arrows(name, room))].join('\n')),
  );
}

function closed(room: Room, to: string): boolean {
  return room.only?.[to]?.length === 0;
}

function exceptions(room: Room): string {
  const parts = [
    ...Object.entries(room.files ?? {}).map(([file, to]) => `${code(file)} also imports ${to.join(', ')}`),
    ...Object.entries(room.only ?? {})
      .filter(([, files]) => files.length > 0)
      .map(([to, files]) => `of ${to} only ${files.map(code).join(', ')}`),
    ...(room.sources ?? []).map((file) => `${code(file)} reads the clock`),
  ];
  return parts.join('; ');
}

function arrows(name: string, room: Room): string[] {
  if (name === 'cli') return [];
  const solid = room.imports.filter((to) => to !== 'core').map((to) => `  ${name} --> ${to}`);
  const dashed = Object.entries(room.files ?? {}).flatMap(([file, to]) =>
    to.map((one) => `  ${name} -.->|${file}| ${one}`),
  );
  return [...solid, ...dashed];
}
