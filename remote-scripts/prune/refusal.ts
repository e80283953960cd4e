import { StoreRefusal } from '../store/refusal.ts';

/**
 * Prune does not begin, because of who runs it or where it would delete. The message says what to do. Nothing has been
 * changed.
 */
export class PruneRefusal extends StoreRefusal {
  override readonly name = 'PruneRefusal';
}
