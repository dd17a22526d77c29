import type { VNode } from "preact";
import { writeFragment } from "./route.ts";

/** The front page: the question, and the ways in. */
export function Home(): VNode {
  return (
    <section class="page home">
      <h1>How can a guest give a superpage back while entries to it still exist?</h1>
      <p class="lead">
        In April 2010 a process with 64 GiB of hugepages could not fork on Xen in time: each mapping of a 2 MiB page
        took a reference on each of its 512 frames. The proposal was to <em>mark</em> a superpage once and then to count
        only its head. It left this question open. The lab runs that hypervisor in your browser, under every scheme that
        was proposed or shipped.
      </p>
      <p>
        <a class="begin" href={writeFragment("lesson", { step: 1 })}>
          Begin with the lesson: six steps, each of which runs
        </a>
      </p>
      <ul class="cards">
        <li>
          <a href={writeFragment("machine")}>
            <h2>Watch a machine</h2>
            <p>
              Two hosts side by side, up to 64 GiB each: fill the pool, fork, exec, and see what the hypervisor counts,
              down to each of 16,777,216 frames.
            </p>
          </a>
        </li>
        <li>
          <a href={writeFragment("scenario")}>
            <h2>Play a scenario</h2>
            <p>
              A pool that shrinks while its pages are promised, a snapshot that tears, a balloon that cannot reach its
              target: command by command, with what each cost.
            </p>
          </a>
        </li>
        <li>
          <a href={writeFragment("storm")}>
            <h2>Play a storm</h2>
            <p>
              A hundred logins arrive at once, each answered with a fork and an exec of the process that maps all the
              memory. Who is answered before the client gives up?
            </p>
          </a>
        </li>
        <li>
          <a href={writeFragment("step")}>
            <h2>Step a race</h2>
            <p>
              Two vCPUs, one superpage, and the shortest way in which a guest ends up with a page table that it can
              write. Every access, one at a time.
            </p>
          </a>
        </li>
        <li>
          <a href={writeFragment("try")}>
            <h2>Try to break in</h2>
            <p>You decide which vCPU moves next. The page tells when you are in, and why a step was refused.</p>
          </a>
        </li>
      </ul>
    </section>
  );
}
