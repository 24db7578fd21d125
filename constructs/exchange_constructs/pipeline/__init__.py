"""What CodePipeline and CodeBuild need to take a push to an environment."""
