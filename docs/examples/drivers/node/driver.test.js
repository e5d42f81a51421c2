// Puts the driver through Onitu's conformance kit (pip install 'onitu[conformance]').

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

test('the driver keeps the contract', () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const main = `'${process.execPath}' '${here}main.js'`;
  const kit = spawnSync('onitu', ['driver', 'test', main, '--options', 'options.yaml'], { cwd: here, encoding: 'utf8' });
  console.log(kit.stdout);
  assert.equal(kit.status, 0, kit.stderr || String(kit.error));
});
