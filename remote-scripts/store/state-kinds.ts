/** Paths below the state directory of a host, and what has to be there. */
const KINDS: readonly (readonly [names: RegExp, kind: 'file' | 'directory'])[] = [
  [/^manifests\/[^/]+$/, 'directory'],
  [/^manifests\/[^/]+\/[^/]+\.(json|sha256)$/, 'file'],
  [/^gate\.log(\.1)?$/, 'file'],
  [/^settings\.json$/, 'file'],
  [/\.(lock|attempts\.jsonl|unflushed|(damage|scrub|pins|drill)\.json)$/, 'file'],
  [/^prune\.json$/, 'file'],
  [/^(spool|manifests|(prune|drill)\.tmp)$/, 'directory'],
  [/^spool\/[^/]+$/, 'directory'],
  [/^spool\/[^/]+\/(incoming|accepted)$/, 'directory'],
  [/^spool\/[^/]+\/accepted\/[^/]+$/, 'file'],
];

/**
 * What has to be at a place in the state directory of a host, if anything is.
 * @param place relative to `<state_dir>/<host>`
 * @returns undefined for what is not ours
 */
export function kindInState(place: string): 'file' | 'directory' | undefined {
  return KINDS.find(([names]) => names.test(place))?.[1];
}
