import { join } from 'node:path';

/**
 * Packages that count as installed: only maintainer scripts need them, and none is ever run. Without them a Python
 * base holds no package manager, no shell and no `openssl` command.
 */
export const onlyForScripts = ['debconf', 'dpkg', 'mawk', 'openssl'];

/** A package database in which nothing but those packages is installed. */
export function aptStatus(architecture: string): string {
  return onlyForScripts.map((name) => statusEntry(name, architecture)).join('\n');
}

function statusEntry(name: string, architecture: string): string {
  return [
    `Package: ${name}`,
    'Status: install ok installed',
    'Maintainer: none',
    `Architecture: ${architecture}`,
    'Multi-Arch: foreign',
    'Version: 9999',
    ...(name === 'mawk' ? ['Provides: awk'] : []),
    'Description: only for maintainer scripts',
    '',
  ].join('\n');
}

/** Only these suites of the machine's sources count, whatever else they offer. */
export function aptPreferences(suites: readonly string[]): string {
  const chosen = suites.map((suite) => `Package: *\nPin: release n=${suite}\nPin-Priority: 500\n`);
  return [...chosen, 'Package: *\nPin: release *\nPin-Priority: -1\n'].join('\n');
}

/**
 * apt's configuration file, read after the machine's own. `sources` are the machine's, to choose from, or the chosen
 * ones that were taken over.
 */
export function aptConfiguration(folder: string, architecture: string, sources: 'machine' | 'chosen'): string {
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '')}"`;
  const settings: [string, string][] = [
    ['Dir::State', folder],
    ['Dir::State::lists', join(folder, 'lists')],
    ['Dir::State::status', join(folder, 'status')],
    ['Dir::Cache', folder],
    ['Dir::Cache::archives', join(folder, 'archives')],
    ['Dir::Log', folder],
    ['Dir::Etc::preferences', join(folder, 'preferences')],
    ['Dir::Etc::preferencesparts', join(folder, 'preferences.d')],
    ...(sources === 'machine'
      ? []
      : ([
          ['Dir::Etc::sourcelist', '/dev/null'],
          ['Dir::Etc::sourceparts', join(folder, 'sources.d')],
        ] satisfies [string, string][])),
    ['APT::Architecture', architecture],
    ['APT::Architectures::', architecture],
    ['APT::Default-Release', ''],
    ['APT::Install-Recommends', 'false'],
    ['APT::Get::AllowUnauthenticated', 'false'],
    ['Acquire::AllowInsecureRepositories', 'false'],
    ['Acquire::AllowWeakRepositories', 'false'],
    ['Acquire::AllowDowngradeToInsecureRepositories', 'false'],
    ['Acquire::ForceHash', 'SHA256'],
    ['Acquire::Languages', 'none'],
    ['Acquire::Retries', '2'],
  ];
  const target = 'Acquire::IndexTargets::deb::Packages';
  const targets: [string, string][] = [
    [`${target}::MetaKey`, '$(COMPONENT)/binary-$(ARCHITECTURE)/Packages'],
    [`${target}::flatMetaKey`, 'Packages'],
    [`${target}::ShortDescription`, 'Packages'],
    [`${target}::Description`, '$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages'],
    [`${target}::flatDescription`, '$(RELEASE) Packages'],
    [`${target}::Optional`, 'false'],
  ];
  // Hooks, other indexes and foreign architectures of the machine's own configuration.
  const cleared = ['APT::Architectures', 'APT::Update', 'DPkg', 'Acquire::IndexTargets'];
  return [
    ...cleared.map((name) => `#clear ${name};`),
    ...[...settings, ...targets].map(([name, value]) => `${name} ${quoted(value)};`),
    '',
  ].join('\n');
}
