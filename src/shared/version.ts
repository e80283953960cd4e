declare global {
  /** Inserted by the build (scripts/build.mjs). */
  var OFFSITE_RSYNC_VERSION: string | undefined;
}

/** This program's version; `development` when it runs from its sources. */
export const version: string = globalThis.OFFSITE_RSYNC_VERSION ?? 'development';
