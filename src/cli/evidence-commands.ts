import type { CommandSpec, OptionSpec } from './commands.ts';

const at: OptionSpec = { flags: '--at <time>', what: 'as if it were this time (RFC 3339, or a day); default: now' };

/** The commands about evidence and collateral. */
export const evidenceCommands: readonly CommandSpec[] = [
  {
    name: 'evidence verify',
    operands: '<file>',
    summary: 'verify a quote or report, and say why not',
    options: [
      {
        flags: '--collateral <file>',
        what: 'what judges it: a bundle, the JSON form of one platform, certificates or a CRL as PEM or DER',
        repeatable: true,
      },
      at,
      { flags: '--policy <file>', what: 'what it must be of, and what is tolerated, in the words of a session' },
      { flags: '--report-data <hex>', what: 'the 64 bytes of report data that it must carry' },
      { flags: '--simulation', what: 'accept only evidence of the simulation, which proves nothing' },
    ],
    examples: [
      ['a quote with its collateral', 'sconectl evidence verify quote.bin --collateral bundle.json'],
      [
        'the same years later, as of the day it was made',
        'sconectl evidence verify quote.bin --collateral bundle.json --at 2025-06-20T12:00:00Z',
      ],
      [
        'against a policy, for a program',
        'sconectl evidence verify quote.bin --collateral bundle.json --policy policy.yml --output json',
      ],
      [
        'an SNP report with certificate files',
        'sconectl evidence verify report.bin --collateral vcek.der --collateral cert_chain.pem --collateral crl.der',
      ],
    ],
    load: () => import('./evidence-verify.ts'),
  },
  {
    name: 'evidence show',
    operands: '<file>',
    summary: 'show every field of a quote or report by its name; verifies nothing',
    options: [],
    examples: [
      ['fields and certificates of a quote', 'sconectl evidence show quote.bin'],
      [
        'one field, for a program',
        "sconectl evidence show quote.hex --output json | jq '.result.structures[1].fields[5]'",
      ],
    ],
    load: () => import('./evidence-show.ts'),
  },
  {
    name: 'evidence explain',
    operands: '<word>',
    summary: 'explain an error code, a check, a TCB status or a tolerance, and what to do about it',
    options: [],
    examples: [
      ['why a check failed', 'sconectl evidence explain tcb-info-dates'],
      ['what a code stands for', 'sconectl evidence explain E_TCB'],
      ['what a status means', 'sconectl evidence explain OutOfDate'],
    ],
    load: () => import('./evidence-explain.ts'),
  },
  {
    name: 'collateral fetch',
    operands: '[evidence...]',
    summary: 'fetch what judges the evidence of a platform, from its vendor or a caching service',
    options: [
      { flags: '--file <file>', what: 'also write it into this bundle' },
      { flags: '--service <url>', what: 'a PCS or PCCS instead of https://api.trustedservices.intel.com' },
      { flags: '--api <version>', what: 'version of its API', default: '4', choices: ['3', '4'] },
      { flags: '--amd-service <url>', what: 'a KDS instead of https://kdsintf.amd.com' },
      { flags: '--service-ca <file>', what: 'PEM of the roots that a service of your own is certified by' },
      { flags: '--fmspc <hex>', what: 'an Intel platform without evidence' },
      { flags: '--tee <tee>', what: 'of the platform with --fmspc', default: 'sgx', choices: ['sgx', 'tdx'] },
      {
        flags: '--pck-ca <ca>',
        what: 'who issued the PCK certificates of the platform with --fmspc',
        default: 'platform',
        choices: ['platform', 'processor'],
      },
      {
        flags: '--product <line>',
        what: 'product line of reports of version 2, which do not say it',
        choices: ['Milan', 'Genoa', 'Turin'],
      },
    ],
    examples: [
      ['for the machine that made a quote', 'sconectl collateral fetch quote.bin --file bundle.json'],
      [
        'from a caching service with a certificate of its own',
        'sconectl collateral fetch quote.bin --service https://pccs.example.org:8081 --service-ca pccs.pem',
      ],
      ['for a kind of platform', 'sconectl collateral fetch --fmspc 00a067110000 --tee sgx --file bundle.json'],
      [
        'for the chip that made an SNP report',
        'sconectl collateral fetch report.bin --product Milan --file bundle.json',
      ],
    ],
    load: () => import('./collateral-fetch.ts'),
  },
  {
    name: 'collateral bundle',
    operands: '<files...>',
    summary: 'put several files of collateral into one',
    options: [{ flags: '--file <file>', what: 'the bundle to write', required: true }],
    examples: [
      ['two platforms', 'sconectl collateral bundle intel.json amd.json --file bundle.json'],
      [
        'certificate files of an SNP platform',
        'sconectl collateral bundle vcek.der cert_chain.pem crl.der --file bundle.json',
      ],
    ],
    load: () => import('./collateral-bundle.ts'),
  },
  {
    name: 'collateral show',
    operands: '<files...>',
    summary: 'show what collateral covers, and until when; verifies nothing',
    options: [at],
    examples: [['what is in a bundle', 'sconectl collateral show bundle.json']],
    load: () => import('./collateral-show.ts'),
  },
];
