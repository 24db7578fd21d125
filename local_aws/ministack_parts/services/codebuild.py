"""ministack's CodeBuild: it keeps projects and builds; nothing of it builds."""

from collections.abc import Callable

from ministack.services import codebuild as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

projects: Store = stock._projects  # by name
builds: Store = stock._builds  # by `project:uuid`
project_arn: Callable[[str], str] = stock._project_arn
build_arn: Callable[[str], str] = stock._build_arn
project_view: Replaceable[[Record], Record] = Replaceable(stock, "_project_shape")

# Actions of the API.
create_project: Replaceable[[Record], Response] = Replaceable(stock, "_create_project")
update_project: Replaceable[[Record], Response] = Replaceable(stock, "_update_project")
start_build: Replaceable[[Record], Response] = Replaceable(stock, "_start_build")
stop_build: Replaceable[[Record], Response] = Replaceable(stock, "_stop_build")
batch_delete_builds: Replaceable[[Record], Response] = Replaceable(stock, "_batch_delete_builds")
