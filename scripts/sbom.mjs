// What a release consists of, as CycloneDX: the packages whose code is bundled, by `npm sbom`, and Node where it is in it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagesOf } from './notices.mjs';

/**
 * The bill of materials, with the same text each time: npm's has a serial number, a time and the version of npm.
 * @param root the top of the repository
 * @param inputs paths of all that went into bundles, as esbuild names them
 * @param runtime the Node that is in some packages, if any
 * @throws Error when npm fails, or does not know a package that is bundled
 */
export function sbomOf(root, inputs, version, runtime) {
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 27 });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}`);
  const all = JSON.parse(stdout);
  const bundled = packagesOf(inputs).map((place) => {
    const is = JSON.parse(readFileSync(join(root, place, 'package.json'), 'utf8'));
    const found = all.components.find(({ name, version: of }) => name === is.name && of === is.version);
    if (found === undefined) throw new Error(`npm sbom does not know ${place}`);
    return { ...found, scope: 'required' };
  });
  const once = new Map(bundled.map((each) => [each['bom-ref'], each])); // npm may have put one in several places
  const components = [...once.values(), ...(runtime === undefined ? [] : [componentOf(runtime)])];
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')); // npm's is that of the directory
  const ref = `${name}@${version}`;
  const known = new Set(components.map((each) => each['bom-ref']));
  const needs = new Map(all.dependencies.map((each) => [each.ref, each.dependsOn.filter((one) => known.has(one))]));
  const { $schema, bomFormat, specVersion } = all;
  const sbom = {
    ...{ $schema, bomFormat, specVersion, version: 1 },
    metadata: {
      component: { ...all.metadata.component, 'bom-ref': ref, name, version, purl: `pkg:npm/${name}@${version}` },
    },
    components,
    dependencies: [
      { ref, dependsOn: [...known] },
      ...[...known].map((each) => ({ ref: each, dependsOn: needs.get(each) ?? [] })),
    ],
  };
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

function componentOf({ name, version }) {
  const purl = `pkg:npm/${name}@${version}`;
  return {
    ...{ 'bom-ref': purl, type: 'application', name: 'node', version, scope: 'optional', purl },
    description: 'Node.js, in the packages for amd64 alone',
    licenses: [{ license: { id: 'MIT' } }],
  };
}
