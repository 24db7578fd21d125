"""ministack's ECR: repositories and images; it keeps no layer by itself."""

from collections.abc import Callable, MutableMapping

from ministack.services import ecr as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

repositories: Store = stock._repositories  # by name
layers: MutableMapping[str, dict[str, bytes]] = stock._layer_blobs  # by repository, then by digest
uploads: MutableMapping[str, dict[str, bytearray]] = stock._uploads  # by repository, then by upload id
find_image: Callable[[str, Record], Record | None] = stock._find_image  # repository, image id
registry_id: Callable[[], str] = stock._registry_id

# Actions of the API.
initiate_layer_upload: Replaceable[[Record], Response] = Replaceable(stock, "_initiate_layer_upload")
upload_layer_part: Replaceable[[Record], Response] = Replaceable(stock, "_upload_layer_part")
complete_layer_upload: Replaceable[[Record], Response] = Replaceable(stock, "_complete_layer_upload")
batch_check_layer_availability: Replaceable[[Record], Response] = Replaceable(stock, "_batch_check_layer_availability")
get_download_url_for_layer: Replaceable[[Record], Response] = Replaceable(stock, "_get_download_url_for_layer")
put_image: Replaceable[[Record], Response] = Replaceable(stock, "_put_image")
describe_images: Replaceable[[Record], Response] = Replaceable(stock, "_describe_images")
