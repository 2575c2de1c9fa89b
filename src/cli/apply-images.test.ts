import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleInput } from '../../test/chart/sample.ts';
import { SconeError } from '../core/errors.ts';
import { demandTee } from './apply-images.ts';

const { meshfile, images } = sampleInput();
const forSgx = new Map(
  [...images].map(([name, image]) => [
    name,
    { ...image, descriptor: { ...image.descriptor, flavour: 'sgx' as const } },
  ]),
);

test('a --tee that the images are not for is refused at the service, whichever of both is the simulation', () => {
  const wrong = [
    ['sim', forSgx, 'sgx'],
    ['sgx', images, 'sim'],
    ['tdx', forSgx, 'sgx'],
  ] as const;
  for (const [tee, these, flavour] of wrong) {
    assert.throws(
      () => demandTee(tee, meshfile, these),
      (error: unknown) =>
        error instanceof SconeError &&
        error.code === 'E_MODE' &&
        error.expected === tee &&
        error.found === flavour &&
        error.at?.file === meshfile.file,
    );
  }
});

test('a --tee that the images are for is fine, and so is none', () => {
  demandTee('sim', meshfile, images);
  demandTee('sgx', meshfile, forSgx);
  demandTee(undefined, meshfile, images);
  demandTee(undefined, meshfile, forSgx);
});
