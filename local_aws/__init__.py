"""An AWS in one process: ministack plus what it lacks, one folder for each AWS service.

Importing this package fixes the environment that ministack reads while it is imported, so its modules may be
imported anywhere below.
"""

from local_aws.ministack_parts import embedding

embedding.prepare()
