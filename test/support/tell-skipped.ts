import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** Says at the end which tests were not run; their titles say what they need. Otherwise there is a number, which nobody reads. */
export default class TellSkipped implements Reporter {
  #chosen = false;

  onInit({ config }: Vitest): void {
    this.#chosen = config.testNamePattern !== undefined; // the others are skipped because somebody wants it so
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#chosen) return;
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => `  ${module.relativeModuleId} > ${test.fullName}\n`),
    );
    if (skipped.length > 0) process.stdout.write(`\nSkipped, not passed:\n${skipped.join('')}`);
  }
}
