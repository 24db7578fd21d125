"""An alarm of the client is red before the release: ECS would not watch it, so preflight refuses (F13)."""

from rehearsal.stage import Stage
from rehearsal.story_parts.alarms import red_alarm
from rehearsal.story_parts.scene import play, refused_promises
from rehearsal.story_parts.story import Played, Story


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version())
    alarm = f"{stage.settings.stack_name('client')}-failed-checkouts"
    with red_alarm(stage, alarm):
        scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    promises = refused_promises(scene, "client under a red alarm", f"alarm {alarm} is in ALARM")
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("red-alarm", "A release is refused while an alarm of its component is red", run)
