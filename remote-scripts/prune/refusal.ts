import { StoreRefusal } from '../store/refusal.ts';

/**
 * Prune will not begin, because of who runs it, or because of where it would delete. The message says what to do.
 * Nothing has been changed when this is thrown.
 */
export class PruneRefusal extends StoreRefusal {
  override readonly name = 'PruneRefusal';
}
